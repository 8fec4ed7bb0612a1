package page

import "strings"

// prose shows a description: paragraphs, `code` and **emphasis** of Markdown, and no more of it.
func (p *page) prose(n node) {
	for paragraph := range strings.SplitSeq(n.text(), "\n\n") {
		if paragraph = strings.TrimSpace(paragraph); paragraph != "" {
			p.put("<p>%s</p>\n", inline(paragraph))
		}
	}
}

func inline(text string) markup {
	var b strings.Builder
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			b.WriteString("<code>" + escaper.Replace(part) + "</code>")
			continue
		}
		for j, one := range strings.Split(part, "**") {
			if j%2 == 1 {
				b.WriteString("<strong>" + escaper.Replace(one) + "</strong>")
			} else {
				b.WriteString(escaper.Replace(one))
			}
		}
	}
	return markup(b.String())
}
