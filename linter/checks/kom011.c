/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "linter/subject_ko.h"

enum { NAME_MAXIMUM = 55 }; /* MODULE_NAME_LEN of a 64-bit kernel, without the end */

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct ko_subject *s = subject_ko(subject);
	const char *name = ko_info(s->ko, "name");
	struct error *error = NULL;
	char text[256];

	if (!name)
		return NULL;
	if (strlen(name) > NAME_MAXIMUM) {
		snprintf(text, sizeof(text), "%zu characters, %d fit", strlen(name),
			 NAME_MAXIMUM);
		error = linter_emit(linter, subject,
				    &(struct finding){ .symbol = name,
						       .message =
							       "the module's name is too "
							       "long",
						       .evidence = text });
	}
	if (error || !strcmp(name, s->name))
		return error;
	snprintf(text, sizeof(text), "the module calls itself %.100s, its file %.100s",
		 name, s->name);
	return linter_emit(
		linter, subject,
		&(struct finding){ .symbol = "name",
				   .message = "the file is not named as the module",
				   .evidence = text,
				   .hint = "name the object in Kbuild as it shall be "
					   "called; do not rename a .ko" });
}

static const struct check kom011 = { .id = "KOM011", .kind = &kind_ko, .run = run };
REGISTER(check, kom011);
