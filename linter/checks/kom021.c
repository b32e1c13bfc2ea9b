/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <string.h>

#include "common/array.h"
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

/* Whether the module gives a name to a class, device number or driver at all. */
static bool registers_names(const struct ko *ko)
{
	static const char *const functions[] = { "class_create",
						 "__class_create",
						 "__class_register",
						 "class_register",
						 "alloc_chrdev_region",
						 "register_chrdev_region",
						 "__register_chrdev",
						 "misc_register",
						 "__platform_driver_register",
						 "__pci_register_driver",
						 "usb_register_driver",
						 "driver_register",
						 "platform_device_register_full" };

	for (size_t i = 0; i < ARRAY_LENGTH(functions); i++)
		if (ko_find_import(ko, functions[i]))
			return true;
	return false;
}

static struct error *tell(struct linter *linter, const struct subject *subject,
			  const char *name, const char *message)
{
	return linter_emit(
		linter, subject,
		&(struct finding){ .symbol = name,
				   .message = message,
				   .hint = "use a name that says vendor and product: two "
					   "drivers of the same name cannot be loaded "
					   "together" });
}

static struct error *look_at_strings(struct linter *linter, const struct subject *subject,
				     const struct ko *ko)
{
	for (size_t i = 1; i < ko->elf->section_count; i++) {
		const struct elf_section *s = &ko->elf->sections[i];
		struct span bytes;

		if (strncmp(s->name, ".rodata.str", 11) || !elf_bytes(ko->elf, s, &bytes))
			continue;
		for (size_t at = 0; at < bytes.size;) {
			const char *text = span_string(bytes, at);

			if (!text)
				break;
			if (*text && is_template(text))
				return tell(linter, subject, text,
					    "a template's name for a class, device or "
					    "driver");
			at += strlen(text) + 1;
		}
	}
	return NULL;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct ko_subject *s = subject_ko(subject);

	if (ko_info(s->ko, "intree"))
		return NULL;
	if (is_template(s->name))
		return tell(linter, subject, s->name, "a template's name for a module");
	return registers_names(s->ko) ? look_at_strings(linter, subject, s->ko) : NULL;
}

static const struct check kom021 = { .id = "KOM021", .kind = &kind_ko, .run = run };
REGISTER(check, kom021);
