/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several formats need: a finding's place as other tools' viewers want it. */
#pragma once

#include "report/report.h"

struct strbuf;

/*
 * The file that a viewer can open for @finding: the outermost file of a nested path
 * ("a.deb!lib/x.ko" gives "a.deb"), below the working folder when it lies there, the
 * report's subject when the finding names none. Owned by the caller.
 */
struct error *finding_place(const struct report *report, const struct finding *finding,
			    char **ret);

/* What follows the first "!" of the path, or NULL. Points into the finding. */
const char *finding_member(const struct finding *finding);

/* Adds @path as the path of a URI: percent-encoded, absolute ones as file://. */
void strbuf_add_uri(struct strbuf *out, const char *path);
