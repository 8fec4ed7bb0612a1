package jsonschema

import "testing"

func TestEveryFormatHasACheck(t *testing.T) {
	for name := range formatSince {
		o := objectCompiler{scope: scope{draft: draft07}, keywords: newKeywords(&document{}, &value{kind: jsonObject})}
		o.obj.set("format", &value{kind: jsonString, text: name})
		if f := o.format(); f == nil || f.valid == nil {
			t.Errorf("nothing checks the format %s", name)
		} else if f.valid("\x00 [") {
			t.Errorf("the format %s takes anything", name)
		}
	}
}
