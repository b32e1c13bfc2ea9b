/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "linter/subject_ko.h"

/* Folders that are somebody's machine. Longest first where one begins the other. */
static const char *const places[] = { "/home/",	   "/build/",		"/root/",
				      "/tmp/",	   "/var/lib/jenkins/", "/var/lib/dkms/",
				      "/usr/src/", "/workspace/",	"/Users/",
				      "/mnt/" };

/* A path of source or object files: letters to the next blank, ending in .c, .h … */
static bool is_source_path(const char *path)
{
	static const char *const suffixes[] = { ".c",	".h",  ".o",  ".S",   ".s",
						".cpp", ".cc", ".rs", ".mod", ".ko" };
	char text[512];
	size_t n = strcspn(path, " \t\n:;,\"'()%");

	if (n >= sizeof(text))
		return false;
	memcpy(text, path, n);
	text[n] = '\0';
	for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++)
		if (path_ends_with(text, suffixes[i]))
			return true;
	return false;
}

static bool is_place(struct span s)
{
	for (size_t i = 0; i < ARRAY_LENGTH(places); i++)
		if (span_starts_with(s, places[i], strlen(places[i])))
			return true;
	return false;
}

/*
 * The first build path in @bytes, or NULL: a string that is one, wherever the checkout
 * lay, or a word of a longer text below one of the places.
 */
static const char *find_path(struct span bytes)
{
	const uint8_t *p = bytes.data, *end = bytes.data + bytes.size;

	for (; p < end && (p = memchr(p, '/', end - p)); p++) {
		struct span rest = { p, end - p };
		const char *text;

		if (p != bytes.data && p[-1] && (p[-1] != ' ' || !is_place(rest)))
			continue;
		text = span_string(rest, 0);
		if (text && is_source_path(text))
			return text;
	}
	return NULL;
}

/* Where strings live; debug sections are KOM013's, and hold paths by nature. */
static bool holds_strings(const struct elf_section *s)
{
	return s->type == SHT_PROGBITS && (s->flags & SHF_ALLOC) &&
	       !(s->flags & SHF_EXECINSTR) &&
	       (!strncmp(s->name, ".rodata", 7) || !strncmp(s->name, ".data", 5) ||
		!strcmp(s->name, ".modinfo") || !strncmp(s->name, ".init.rodata", 12));
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct elf *elf = subject_ko(subject)->ko->elf;

	for (size_t i = 1; i < elf->section_count; i++) {
		const struct elf_section *s = &elf->sections[i];
		struct span bytes;
		const char *path;

		if (!holds_strings(s) || !elf_bytes(elf, s, &bytes))
			continue;
		path = find_path(bytes);
		if (!path)
			continue;
		return linter_emit(
			linter, subject,
			&(struct finding){
				.symbol = s->name,
				.offset = (const uint8_t *)path - elf->bytes.data,
				.message = "a path of the build machine is in the binary",
				.evidence = path,
				.hint = "build with -fmacro-prefix-map=OLD=NEW, and do "
					"not put __FILE__ into messages" });
	}
	return NULL;
}

static const struct check kom014 = { .id = "KOM014", .kind = &kind_ko, .run = run };
REGISTER(check, kom014);
