/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "linter/registered_names.h"
#include "linter/subject_ko.h"

/* "my_", "test-driver", "foo", "mychardev": words of tutorials, alone or together. */
static bool is_template(const char *name)
{
	static const char *const words[] = { "my",	 "test",     "foo",    "bar",
					     "baz",	 "dummy",    "sample", "example",
					     "hello",	 "world",    "simple", "demo",
					     "template", "skeleton", "etx",    "ebb",
					     "lkm" };
	static const char *const things[] = { "drv",	"driver", "dev",      "device",
					      "class",	"chrdev", "char",     "cdev",
					      "module", "mod",	  "chardev",  "misc",
					      "pci",	"usb",	  "platform", "net",
					      "kernel", "world" };
	bool word = false;

	while (*name) {
		size_t best = 0;
		bool is_word = false;

		for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
			size_t n = strlen(words[i]);

			if (n > best && !strncasecmp(name, words[i], n)) {
				best = n;
				is_word = true;
			}
		}
		for (size_t i = 0; i < ARRAY_LENGTH(things); i++) {
			size_t n = strlen(things[i]);

			if (n > best && !strncasecmp(name, things[i], n)) {
				best = n;
				is_word = false;
			}
		}
		if (!best)
			return false;
		word |= is_word;
		name += best;
		while (*name == '_' || *name == '-' || isdigit((unsigned char)*name))
			name++;
	}
	return word;
}

static struct error *tell(struct linter *linter, const struct subject *subject,
			  const char *name, const char *message, const char *evidence)
{
	return linter_emit(
		linter, subject,
		&(struct finding){ .symbol = name,
				   .message = message,
				   .evidence = evidence,
				   .hint = "use a name that says vendor and product: two "
					   "drivers of the same name cannot be loaded "
					   "together" });
}

/* What the names of one module have in common. */
struct names {
	struct linter *linter;
	const struct subject *subject;
	const char *told[16]; /* a name is told once, whoever registers it */
	size_t count;
};

static struct error *look_at_name(void *data, const struct registered_name *found)
{
	struct names *names = data;
	char text[256];

	if (!is_template(found->name) || names->count == ARRAY_LENGTH(names->told))
		return NULL;
	for (size_t i = 0; i < names->count; i++)
		if (!strcmp(names->told[i], found->name))
			return NULL;
	names->told[names->count++] = found->name;
	snprintf(text, sizeof(text), "%.60s(%s%.80s%s\"%.80s\"%s)", found->function,
		 found->object ? "&" : "", found->object ? found->object : "",
		 found->object ? " = { " : "", found->name, found->object ? " }" : "");
	return tell(names->linter, names->subject, found->name,
		    "a template's name is registered", text);
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct ko_subject *s = subject_ko(subject);
	struct names names = { .linter = linter, .subject = subject };
	struct error *error = NULL;
	bool looked;

	if (ko_info(s->ko, "intree"))
		return NULL;
	if (is_template(s->name)) {
		/* drivers are called after their module: one finding is enough */
		names.told[names.count++] = s->name;
		error = tell(linter, subject, s->name, "a template's name for a module",
			     NULL);
	}
	if (!error)
		error = registered_names_find(s->ko, look_at_name, &names, &looked);
	if (!error && !looked)
		error = linter_not_checked(
			linter, false, "KOM021", NULL,
			"which names are registered: some modules' "
			"relocations do not tell (32-bit, or no symbols)");
	return error;
}

static const struct check kom021 = { .id = "KOM021", .kind = &kind_ko, .run = run };
REGISTER(check, kom021);
