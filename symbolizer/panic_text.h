/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>

struct strbuf;
struct style;

/* One report of the section "reports", for people. */
void panic_text(const json_t *report, const struct style *style, struct strbuf *out);

/* The same in one line. */
void panic_line(const json_t *report, struct strbuf *out);
