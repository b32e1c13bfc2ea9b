/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <elf.h>
#include <string.h>

#include "common/array.h"
#include "common/strbuf.h"
#include "linter/subject_ko.h"

static const char *const functions[] = { "__trace_printk",	"__trace_bprintk",
					 "__trace_puts",	"__trace_bputs",
					 "trace_dump_stack",	"dump_stack",
					 "print_hex_dump_bytes" };

/* What people write into messages that were never meant to stay. */
static const char *const words[] = { "XXX ",   "XXX:",	 "FIXME", "TODO",
				     "HACK",   "DEBUG:", "DBG:",  "got here",
				     "here 1", "!!!!",	 "####",  "@@@@" };

/* Of the words: most strings are told by their first byte. */
static const char first_letters[] = "XFTHDgh!#@";

static bool is_debug_text(const char *text)
{
	/* printk's level stands before the text */
	if (*text == '\001' && text[1])
		text += 2;
	if (!memchr(first_letters, *text, sizeof(first_letters) - 1))
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
		if (*text == *words[i] && !strncmp(text, words[i], strlen(words[i])))
			return true;
	return false;
}

static struct error *look_at_strings(struct linter *linter, const struct subject *subject)
{
	const struct elf *elf = subject_ko(subject)->ko->elf;

	for (size_t i = 1; i < elf->section_count; i++) {
		const struct elf_section *s = &elf->sections[i];
		struct span bytes;

		if (strncmp(s->name, ".rodata.str", 11) || !elf_bytes(elf, s, &bytes))
			continue;
		for (size_t at = 0; at < bytes.size;) {
			const char *text = span_string(bytes, at);

			if (!text)
				break;
			if (is_debug_text(text))
				return linter_emit(
					linter, subject,
					&(struct finding){
						.symbol = s->name,
						.offset = s->offset + at,
						.message = "a debug message is still in "
							   "the binary",
						.evidence = *text == '\001' ? text + 2
									    : text });
			at += strlen(text) + 1;
		}
	}
	return NULL;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct ko *ko = subject_ko(subject)->ko;
	_strbuf_ struct strbuf names = STRBUF_INIT;
	struct error *error = NULL;

	for (size_t i = 0; i < ARRAY_LENGTH(functions); i++)
		if (ko_find_import(ko, functions[i]))
			strbuf_addf(&names, "%s%s", names.length ? ", " : "",
				    functions[i]);
	if (names.length)
		error = linter_emit(
			linter, subject,
			&(struct finding){ .symbol = strbuf_string(&names),
					   .message = "calls functions that are for "
						      "debugging",
					   .hint = "use tracepoints or dev_dbg(), or "
						   "leave them out of release builds" });
	return error ? error : look_at_strings(linter, subject);
}

static const struct check kom018 = { .id = "KOM018", .kind = &kind_ko, .run = run };
REGISTER(check, kom018);
