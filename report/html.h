/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces of a page: text made safe, cells of tables. */
#pragma once

#include <stdint.h>

struct strbuf;

/* NULL adds nothing. */
void html_add_text(struct strbuf *out, const char *text);

/* <td class="…">text</td>; @class may be "". */
void html_add_cell(struct strbuf *out, const char *class, const char *text);

/* Cells with numbers, aligned to the right. */
void html_add_count_cell(struct strbuf *out, uint64_t count);
void html_add_size_cell(struct strbuf *out, uint64_t bytes);
void html_add_duration_cell(struct strbuf *out, uint64_t ns);
