package page_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/openapi/page"
)

func render(t *testing.T) string {
	t.Helper()
	html, err := page.Render(openapi.YAML, "/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(html)
}

func TestEveryOperationAndBodyIsShown(t *testing.T) {
	html := render(t)
	doc, err := openapi3.NewLoader().LoadFromData(openapi.YAML)
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			_, article, _ := strings.Cut(html, `<article id="op-`+op.OperationID+`">`)
			article, _, whole := strings.Cut(article, "</article>")
			if !whole {
				t.Errorf("%s %s is not shown", method, path)
			}
			for _, want := range append([]string{method, "<code>" + path + "</code>"}, params(item, op)...) {
				if !strings.Contains(article, want) {
					t.Errorf("%s %s: no %s", method, path, want)
				}
			}
			for status := range op.Responses.Map() {
				if !strings.Contains(article, "<code>"+strings.Replace(status, "default", "other", 1)+"</code>") {
					t.Errorf("%s %s: no answer %s", method, path, status)
				}
			}
		}
	}
	for name, s := range doc.Components.Schemas {
		_, article, _ := strings.Cut(html, `<article id="schema-`+name+`">`)
		article, _, whole := strings.Cut(article, "</article>")
		for property := range s.Value.Properties {
			whole = whole && strings.Contains(article, "<code>"+property+"</code>")
		}
		if !whole {
			t.Errorf("%s is not shown whole", name)
		}
	}
}

func params(item *openapi3.PathItem, op *openapi3.Operation) (names []string) {
	for _, list := range []openapi3.Parameters{item.Parameters, op.Parameters} {
		for _, one := range list {
			names = append(names, "<code>"+one.Value.Name+"</code>")
		}
	}
	return names
}

var (
	links   = regexp.MustCompile(`href="([^"]*)"`)
	anchors = regexp.MustCompile(` id="([^"]*)"`)
	tags    = regexp.MustCompile(`</?([a-zA-Z0-9]+)`)
)

// What a page could load comes by elements and attributes; there are only harmless ones, and links stay on the server.
func TestThePageLoadsNothing(t *testing.T) {
	html := render(t)
	harmless := map[string]bool{}
	for _, tag := range strings.Fields("html head meta title style body nav main section article h1 h2 h3 h4 p a span code pre strong table tr td ul li") {
		harmless[tag] = true
	}
	for _, tag := range tags.FindAllStringSubmatch(html, -1) {
		if !harmless[tag[1]] {
			t.Errorf("the page has the element %s", tag[1])
		}
	}
	there := map[string]bool{}
	for _, id := range anchors.FindAllStringSubmatch(html, -1) {
		if there["#"+id[1]] {
			t.Errorf("two places are called %s", id[1])
		}
		there["#"+id[1]] = true
	}
	for _, link := range links.FindAllStringSubmatch(html, -1) {
		if link[1] != "/openapi.yaml" && !there[link[1]] {
			t.Errorf("a link leads to %s", link[1])
		}
	}
	for _, word := range []string{"//", "src=", "url(", "@import", "http-equiv", "javascript:"} {
		if strings.Contains(html, word) {
			t.Errorf("the page holds %s", word)
		}
	}
	if n := strings.Count(html, "<style>"); n != 1 || strings.Contains(html, "style=") {
		t.Errorf("%d styles", n)
	}
	if p := page.Policy(); !strings.HasPrefix(p, "default-src 'none'; style-src 'sha256-") {
		t.Errorf("policy %s", p)
	}
}

func TestTextsAreEscaped(t *testing.T) {
	html, err := page.Render([]byte(`
info: {title: "<b>", description: "a <i> & **b** `+"`<c>`"+`"}
tags: [{name: "t\">"}]
paths:
  /<p>:
    get: {operationId: "o\">", tags: ["t\">"], summary: "<s>", responses: {}}
`), `/x"y`)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<h1>&lt;b&gt;</h1>", "a &lt;i&gt; &amp; <strong>b</strong> <code>&lt;c&gt;</code>", `id="tag-t&#34;&gt;"`, "/&lt;p&gt;", "&lt;s&gt;", `href="/x&#34;y"`} {
		if !strings.Contains(string(html), want) {
			t.Errorf("no %s in %s", want, html)
		}
	}
}

func TestWhatThePageDoesNotKnowIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"webhooks: {}": "webhooks", "[": "did not find", "": "empty", "paths: {/x: {trace: {}}}\ntags: [{name: t}]": "trace",
		"tags: [{name: t}]\npaths: {/x: {get: {tags: [t], parameters: [{$ref: \"#/components/nowhere\"}], responses: {}}}}": "leads nowhere",
		"components: {schemas: {X: {oneOf: []}}}": "oneOf",
	} {
		if _, err := page.Render([]byte(text), "/"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %s", text, err, want)
		}
	}
}
