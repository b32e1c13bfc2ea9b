/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kpi-pack FOLDER FILE: makes rules/kpi.tab (see kpi.h) from three lists,
 * FOLDER/kpi-{releases,libraries,symbols}.tsv, whose own first lines explain them. Run by
 * hand (ninja kpi) when a release of macOS is added; the result is committed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"

/* Arrays of owned or borrowed strings. */
struct strings {
	char **items;
	size_t count, capacity;
};

/* A line of the symbol list: library's number, name, "arch:majors;…". */
struct entry {
	const char *name, *where;
	size_t library;
};

struct pack {
	struct strings libraries, sets;
	struct entry *entries;
	size_t entry_count, entry_capacity;
	struct strbuf out;
};

/* Splits the next line of *@at into @fields; comment lines are skipped. */
static size_t next_fields(char **at, char **fields, size_t limit)
{
	size_t count = 0;
	char *line;

	do {
		line = strsep(at, "\n");
		if (!line)
			return 0;
	} while (*line == '#' || !*line);
	while (line && count < limit)
		fields[count++] = strsep(&line, "\t");
	return count;
}

static size_t intern(struct strings *strings, const char *text)
{
	for (size_t i = 0; i < strings->count; i++)
		if (!strcmp(strings->items[i], text))
			return i;
	if (!array_grow(strings->items, strings->count, strings->capacity))
		abort();
	strings->items[strings->count] = strdup(text);
	return strings->count++;
}

static struct error *read_text(const char *folder, const char *name, char **ret)
{
	_free_ char *path = NULL;
	struct error *error = file_join(folder, name, &path);

	return error ? error : file_read_text(path, 64 << 20, ret);
}

static struct error *pack_releases(struct pack *pack, const char *folder)
{
	_free_ char *text = NULL;
	struct error *error = read_text(folder, "kpi-releases.tsv", &text);
	char *at = text, *fields[4];

	while (!error && next_fields(&at, fields, 4) == 4)
		strbuf_addf(&pack->out, "release %s %s %s\n", fields[0], fields[1],
			    fields[3]);
	return error;
}

static struct error *pack_libraries(struct pack *pack, const char *folder)
{
	_free_ char *text = NULL;
	struct error *error = read_text(folder, "kpi-libraries.tsv", &text);
	char *at = text, *fields[5];
	struct strings lines = { 0 };

	while (!error && next_fields(&at, fields, 5) == 5) {
		size_t library = intern(&pack->libraries, fields[2]);
		char *longer;

		if (library == lines.count)
			intern(&lines, fields[2]);
		if (asprintf(&longer, "%s %s:%s", lines.items[library], fields[0],
			     fields[3]) < 0)
			abort();
		free(lines.items[library]);
		lines.items[library] = longer;
	}
	for (size_t i = 0; i < lines.count; i++) {
		strbuf_addf(&pack->out, "library %s\n", lines.items[i]);
		free(lines.items[i]);
	}
	free(lines.items);
	return error;
}

static int by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : x->library < y->library ? -1 : x->library > y->library;
}

static struct error *read_entries(struct pack *pack, char *text)
{
	char *fields[3];

	while (next_fields(&text, fields, 3) == 3) {
		if (!array_grow(pack->entries, pack->entry_count, pack->entry_capacity))
			return error_nomem();
		pack->entries[pack->entry_count++] =
			(struct entry){ fields[1], fields[2],
					intern(&pack->libraries, fields[0]) };
	}
	qsort(pack->entries, pack->entry_count, sizeof(*pack->entries), by_name);
	return NULL;
}

/* "3/x86_64:8-9,11 4/i386:7": where the symbols [first, end) of one name are. */
static size_t set_of(struct pack *pack, size_t first, size_t end)
{
	_strbuf_ struct strbuf set = STRBUF_INIT;

	for (size_t i = first; i < end; i++) {
		const char *p = pack->entries[i].where;

		while (*p) {
			size_t length = strcspn(p, ";");

			strbuf_addf(&set, " %zu/%.*s", pack->entries[i].library,
				    (int)length, p);
			p += length + (p[length] == ';');
		}
	}
	return intern(&pack->sets, strbuf_string(&set));
}

static void pack_symbols(struct pack *pack, struct strbuf *symbols)
{
	const char *before = "";
	size_t end;

	for (size_t i = 0; i < pack->entry_count; i = end) {
		const char *name = pack->entries[i].name;
		size_t shared = 0;

		for (end = i + 1; end < pack->entry_count; end++)
			if (strcmp(pack->entries[end].name, name))
				break;
		while (shared < '~' - '!' && before[shared] &&
		       before[shared] == name[shared])
			shared++;
		strbuf_addf(symbols, "%c%s\t%zu\n", (char)('!' + shared), name + shared,
			    set_of(pack, i, end));
		before = name;
	}
}

static struct error *run(struct pack *pack, const char *folder, const char *file)
{
	_strbuf_ struct strbuf symbols = STRBUF_INIT;
	_free_ char *text = NULL;
	struct error *error;

	strbuf_adds(
		&pack->out,
		"# SPDX-License-Identifier: GPL-2.0-or-later\n"
		"# Kernel programming interfaces of macOS, made by kpi-pack; the format "
		"is explained in linter/apple/kpi.h.\n");
	error = pack_releases(pack, folder);
	if (!error)
		error = pack_libraries(pack, folder);
	if (!error)
		error = read_text(folder, "kpi-symbols.tsv", &text);
	if (!error)
		error = read_entries(pack, text);
	if (error)
		return error;
	pack_symbols(pack, &symbols);
	for (size_t i = 0; i < pack->sets.count; i++)
		strbuf_addf(&pack->out, "set%s\n", pack->sets.items[i]);
	strbuf_addf(&pack->out, "symbols\n%s", strbuf_string(&symbols));
	error = strbuf_error(&pack->out);
	return error ? error : file_write(file, pack->out.data, pack->out.length, 0644);
}

int main(int argc, char **argv)
{
	struct pack pack = { 0 };
	_error_ struct error *error = NULL;

	if (argc != 3) {
		fprintf(stderr, "usage: kpi-pack FOLDER FILE\n");
		return 2;
	}
	error = run(&pack, argv[1], argv[2]);
	for (size_t i = 0; i < pack.libraries.count; i++)
		free(pack.libraries.items[i]);
	for (size_t i = 0; i < pack.sets.count; i++)
		free(pack.sets.items[i]);
	free(pack.libraries.items);
	free(pack.sets.items);
	free(pack.entries);
	strbuf_deinit(&pack.out);
	if (error)
		fprintf(stderr, "kpi-pack: %s\n", error_message(error));
	return error ? 2 : 0;
}
