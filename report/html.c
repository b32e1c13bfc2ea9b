/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/html.h"

#include "common/strbuf.h"
#include "common/units.h"

void html_add_text(struct strbuf *out, const char *text)
{
	for (; text && *text; text++) {
		switch (*text) {
		case '<':
			strbuf_adds(out, "&lt;");
			break;
		case '>':
			strbuf_adds(out, "&gt;");
			break;
		case '&':
			strbuf_adds(out, "&amp;");
			break;
		case '"':
			strbuf_adds(out, "&quot;");
			break;
		default:
			strbuf_addc(out, *text);
		}
	}
}

void html_add_cell(struct strbuf *out, const char *class, const char *text)
{
	strbuf_adds(out, "<td");
	if (*class)
		strbuf_addf(out, " class=\"%s\"", class);
	strbuf_addc(out, '>');
	html_add_text(out, text);
	strbuf_adds(out, "</td>");
}

void html_add_count_cell(struct strbuf *out, uint64_t count)
{
	strbuf_adds(out, "<td class=n>");
	units_add_count(out, count);
	strbuf_adds(out, "</td>");
}

void html_add_size_cell(struct strbuf *out, uint64_t bytes)
{
	strbuf_adds(out, "<td class=n>");
	units_add_size(out, bytes);
	strbuf_adds(out, "</td>");
}

void html_add_duration_cell(struct strbuf *out, uint64_t ns)
{
	strbuf_adds(out, "<td class=n>");
	units_add_duration(out, ns);
	strbuf_adds(out, "</td>");
}
