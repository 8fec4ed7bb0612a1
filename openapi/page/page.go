package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed page.css
var style string

// Policy is the Content-Security-Policy that a page is to be served under: it may show its own style and load nothing.
func Policy() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// Media is the media type of a page.
const Media = "text/html; charset=utf-8"

// page is the page in the making.
type page struct {
	strings.Builder
	root node
	err  error
}

// Render returns the page of a document in YAML, which can be fetched at source, a path on the same server.
func Render(document []byte, source string) ([]byte, error) {
	var tree yaml.Node
	if err := yaml.Unmarshal(document, &tree); err != nil {
		return nil, err
	}
	if len(tree.Content) != 1 {
		return nil, fmt.Errorf("the document is empty")
	}
	p := &page{root: node{tree.Content[0]}}
	p.whole(source)
	return []byte(p.String()), p.err
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")

// put writes a format of HTML whose arguments are escaped, but for those of type markup.
func (p *page) put(format string, args ...any) {
	for i, a := range args {
		if _, is := a.(markup); !is {
			args[i] = escaper.Replace(fmt.Sprint(a))
		}
	}
	_, _ = fmt.Fprintf(p, format, args...) // a strings.Builder does not fail
}

// markup is text that is HTML already.
type markup string

func (p *page) whole(source string) {
	p.only(p.root, "openapi", "info", "servers", "security", "tags", "paths", "components")
	info := p.root.get("info")
	p.only(info, "title", "version", "license", "description")
	title := info.get("title").text()
	p.put("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
	p.put("<meta name=\"color-scheme\" content=\"light dark\">\n<title>%s</title>\n<style>%s</style>\n</head>\n<body>\n", title, markup(style))
	p.navigation()
	p.put("<main>\n<h1>%s</h1>\n", title)
	p.prose(info.get("description"))
	p.put("<p>The same for programs, as OpenAPI %s: <a href=\"%s\">%s</a></p>\n", p.root.get("openapi").text(), source, source)
	for tag := range p.root.get("tags").items() {
		p.section(tag)
	}
	p.schemas()
	p.put("</main>\n</body>\n</html>\n")
}

// methods are those of OpenAPI that are shown, in the order of the page.
var methods = []string{"get", "post", "put", "delete"}

// operation is one method of one path.
type operation struct {
	method, path string
	node
	shared node // parameters of the path
}

func (o operation) anchor() string { return "op-" + o.get("operationId").text() }

// operations yields what belongs to a tag.
func (p *page) operations(tag string) (list []operation) {
	for path, item := range p.root.get("paths").members() {
		p.only(item, append([]string{"parameters"}, methods...)...)
		for _, method := range methods {
			if op := item.get(method); op.is() && slices.Contains(op.get("tags").words(), tag) {
				list = append(list, operation{strings.ToUpper(method), path, op, item.get("parameters")})
			}
		}
	}
	return list
}

func (p *page) navigation() {
	p.put("<nav>\n")
	for tag := range p.root.get("tags").items() {
		name := tag.get("name").text()
		p.put("<h2><a href=\"#tag-%s\">%s</a></h2>\n<ul>\n", name, name)
		for _, op := range p.operations(name) {
			p.put("<li><a href=\"#%s\" title=\"%s\"><span class=\"m %s\">%s</span> %s</a></li>\n", op.anchor(), op.get("summary").text(), op.method, op.method, op.path)
		}
		p.put("</ul>\n")
	}
	p.put("<h2><a href=\"#schemas\">bodies</a></h2>\n</nav>\n")
}

func (p *page) section(tag node) {
	p.only(tag, "name", "description")
	name := tag.get("name").text()
	p.put("<section id=\"tag-%s\">\n<h2>%s</h2>\n", name, name)
	p.prose(tag.get("description"))
	for _, op := range p.operations(name) {
		p.operation(op)
	}
	p.put("</section>\n")
}

func (p *page) operation(op operation) {
	p.only(op.node, "operationId", "tags", "summary", "description", "parameters", "requestBody", "responses", "security", "deprecated")
	p.put("<article id=\"%s\">\n<h3><a href=\"#%s\"><span class=\"m %s\">%s</span> <code>%s</code></a></h3>\n", op.anchor(), op.anchor(), op.method, op.method, op.path)
	p.put("<p class=\"summary\">%s</p>\n", op.get("summary").text())
	p.prose(op.get("description"))
	p.parameters(op)
	p.request(op.get("requestBody"))
	p.responses(op.get("responses"))
	p.example(op)
	p.put("</article>\n")
}

func (p *page) parameters(op operation) {
	all := slices.Concat(slices.Collect(op.shared.items()), slices.Collect(op.get("parameters").items()))
	if len(all) == 0 {
		return
	}
	p.put("<h4>Parameters</h4>\n<table>\n")
	for _, one := range all {
		one, _ = p.resolve(one)
		p.only(one, "name", "in", "required", "description", "schema", "allowEmptyValue", "deprecated")
		p.put("<tr><td><code>%s</code></td><td>%s%s</td><td>", one.get("name").text(), one.get("in").text(), required(one.get("required").yes()))
		p.kind(one.get("schema"))
		p.put("</td><td>")
		p.prose(one.get("description"))
		p.put("</td></tr>\n")
	}
	p.put("</table>\n")
}

func required(yes bool) string {
	if yes {
		return ", required"
	}
	return ""
}

func (p *page) request(body node) {
	if !body.is() {
		return
	}
	body, _ = p.resolve(body)
	p.only(body, "required", "content", "description")
	p.put("<h4>Body</h4>\n")
	p.prose(body.get("description"))
	p.put("<p>")
	p.content(body.get("content"))
	p.put("</p>\n")
}

// content shows what a body is. The media types of one body differ in name alone.
func (p *page) content(types node) {
	var names []string
	var first node
	for name, media := range types.members() {
		p.only(media, "schema")
		if len(names) == 0 {
			first = media.get("schema")
		}
		names = append(names, name)
	}
	if first.is() {
		p.kind(first)
		p.put(" ")
	}
	p.put("<span class=\"media\" title=\"%s\">", strings.Join(names, ", "))
	if slices.Contains(names, "application/json") {
		names = []string{"json"}
	}
	p.put("%s</span>", strings.Join(names, ", "))
}

func (p *page) responses(all node) {
	p.put("<h4>Answers</h4>\n<table>\n")
	for status, one := range all.members() {
		one, _ = p.resolve(one)
		p.only(one, "description", "content", "headers")
		p.put("<tr><td><code>%s</code></td><td>", strings.Replace(status, "default", "other", 1))
		p.content(one.get("content"))
		p.put("</td><td>")
		p.prose(one.get("description"))
		p.put("</td></tr>\n")
	}
	p.put("</table>\n")
}

// example shows the call for curl; the variable stands for the address of the server.
func (p *page) example(op operation) {
	p.put("<pre>curl")
	if op.method != "GET" {
		p.put(" -X %s", op.method)
	}
	if body, _ := p.resolve(op.get("requestBody")); body.is() {
		for media := range body.get("content").members() {
			p.put(" -H 'Content-Type: %s' -d @body.json", media)
			break
		}
	}
	p.put(" \"$REGISTRY%s\"</pre>\n", op.path)
}
