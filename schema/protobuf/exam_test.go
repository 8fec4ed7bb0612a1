package protobuf_test

import (
	"testing"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/formattest"
	"github.com/pawl-registry/pawl/schema/protobuf"
)

const orderText = `syntax = "proto3";
package shop.v1;

import "shop/money.proto";

enum State { STATE_NEW = 0; STATE_PAID = 1; STATE_SENT = 2; }

message Order {
  string order_id = 1;
  State state = 2;
  repeated Line lines = 3;
  map<string, Money> totals = 4;
  oneof buyer {
    string person = 5;
    bytes company_key = 6;
  }
  optional int64 placed_at = 7;
  repeated sint32 deltas = 8 [packed = true];
  double weight = 9;
  bool gift = 10;
  fixed32 checksum = 11;
  Order replaces = 12;

  message Line {
    string sku = 1;
    uint32 count = 2;
    Money price = 3;
    reserved 4, 6 to 8;
  }
}

message Note { string text = 1; }
`

const moneyText = `syntax = "proto3";
package shop.v1;
message Money { string currency = 1; int64 minor_units = 2; }
`

const legacyText = `package old;
message Reading {
  required string sensor = 1;
  optional float value = 2 [default = 1.5];
  repeated Kind kinds = 3;
  optional group Extra = 4 {
    optional int32 count = 1;
  }
  extensions 100 to 199;
  enum Kind { UNKNOWN = 0; HEAT = 1; }
}
`

const bareText = `message Empty {}`

const servicesText = `syntax = "proto3";
package calls;
import "confluent/meta.proto";
import "google/protobuf/descriptor.proto";
option java_package = "org.example";
message Ask {
  string what = 1 [(confluent.field_meta).doc = "what is asked"];
}
message Answer { repeated string lines = 1; }
service Oracle {
  option deprecated = true;
  rpc Consult (stream Ask) returns (Answer) {
    option idempotency_level = NO_SIDE_EFFECTS;
  };
}
extend google.protobuf.MessageOptions { string owner = 50001; }
`

func order() formattest.Sample {
	return formattest.Sample{
		Name: "order",
		Text: orderText,
		Deps: []formattest.Dep{{
			Reference: schema.Reference{Name: "shop/money.proto", Subject: "money", Version: 3},
			Text:      moneyText,
		}},
		Values: []formattest.Value{
			{Go: map[string]any{}, JSON: `{}`},
			{
				Go: map[string]any{
					"orderId": "o-1", "state": "STATE_PAID", "placed_at": 1700000000000, "gift": true, "weight": 2.5,
					"lines":  []any{map[string]any{"sku": "a", "count": 2, "price": map[string]any{"currency": "EUR", "minorUnits": 1250}}},
					"totals": map[string]any{"net": map[string]any{"currency": "EUR", "minorUnits": "2500"}},
					"deltas": []int{-1, 0, 300}, "checksum": 7, "companyKey": []byte{1, 2, 3},
					"replaces": map[string]any{"orderId": "o-0"},
				},
				JSON: `{"orderId":"o-1","state":"STATE_PAID","placedAt":"1700000000000","gift":true,"weight":2.5,
					"lines":[{"sku":"a","count":2,"price":{"currency":"EUR","minorUnits":"1250"}}],
					"totals":{"net":{"currency":"EUR","minorUnits":"2500"}},
					"deltas":[-1,0,300],"checksum":7,"companyKey":"AQID","replaces":{"orderId":"o-0"}}`,
			},
			{Message: "shop.v1.Order.Line", Go: struct {
				SKU   string `json:"sku"`
				Count int    `json:"count"`
			}{"b", 4}, JSON: `{"sku":"b","count":4}`},
			{Message: "shop.v1.Note", Go: map[string]string{"text": "héllo"}, JSON: `{"text":"héllo"}`},
		},
	}
}

func legacy() formattest.Sample {
	return formattest.Sample{Name: "legacy", Text: legacyText, Values: []formattest.Value{{
		Message: "old.Reading",
		Go:      map[string]any{"sensor": "s", "kinds": []string{"HEAT", "UNKNOWN"}, "extra": map[string]any{"count": 3}},
		JSON:    `{"sensor":"s","kinds":["HEAT","UNKNOWN"],"extra":{"count":3}}`,
	}}}
}

func text(name, text string) formattest.Sample { return formattest.Sample{Name: name, Text: text} }

func TestFormatPassesTheExam(t *testing.T) {
	proto3 := `syntax = "proto3"; `
	formattest.Run(t, formattest.Config{
		Format: protobuf.Format,
		Samples: []formattest.Sample{
			order(), legacy(), text("bare", bareText), text("services", servicesText), text("nothing", "\n"),
		},
		Pairs: []formattest.Pair{
			{Name: "renumbered", Reader: text("", proto3+`message A { int32 a = 2; }`), Writer: text("", proto3+`message A { int32 a = 1; }`), Compatible: true},
			{Name: "narrowed", Reader: text("", proto3+`message A { sint32 a = 1; }`), Writer: text("", proto3+`message A { int32 a = 1; }`)},
			{Name: "references at another version", Reader: withMoney(1, moneyText), Writer: withMoney(2, moneyText+"// again"), Compatible: true},
			{Name: "reference changed", Reader: withMoney(1, moneyText), Writer: withMoney(2, `syntax = "proto3"; package shop.v1; message Money { bytes currency = 2; }`)},
		},
		Invalid: []formattest.Invalid{
			{Name: "unknown syntax", Text: `syntax = "proto4";`},
			{Name: "label missing", Text: `message A { int32 a = 1; }`},
			{Name: "edition", Text: `edition = "2023";`},
			{Name: "not base64", Text: `=====`},
			{Name: "duplicate type", Text: `message A {} enum A { X = 0; }`},
		},
	})
}

func withMoney(version int, moneyText string) formattest.Sample {
	return formattest.Sample{
		Text: `syntax = "proto3"; package shop.v1; import "m.proto"; message Bill { Money sum = 1; }`,
		Deps: []formattest.Dep{{Reference: schema.Reference{Name: "m.proto", Subject: "m", Version: version}, Text: moneyText}},
	}
}
