/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "linter/subject_ko.h"

/* Sorted names; the text they point into lies behind them. */
struct stable_list {
	char *text;
	char **names;
	size_t count, capacity;
};

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void destroy(void *state)
{
	struct stable_list *list = state;

	free(list->names);
	free(list->text);
	free(list);
}

/* One symbol a line, blanks around it allowed; "[heading]" and "#" lines are skipped. */
static struct error *read_list(const char *path, struct stable_list *list)
{
	char *line, *rest;
	struct error *error = file_read_text(path, 64 << 20, &list->text);

	if (error)
		return error_wrap(error, "--stablelist");
	rest = list->text;
	while ((line = strsep(&rest, "\n"))) {
		line += strspn(line, " \t");
		line[strcspn(line, " \t\r")] = '\0';
		if (!*line || *line == '#' || *line == '[')
			continue;
		if (!array_grow(list->names, list->count, list->capacity))
			return error_nomem();
		list->names[list->count++] = line;
	}
	if (!list->count)
		return error_new(ERROR_USAGE, "--stablelist: %s lists no symbol", path);
	qsort(list->names, list->count, sizeof(*list->names), compare);
	return NULL;
}

static const struct check abi004;

static struct error *get_list(struct linter *linter, struct stable_list **ret)
{
	struct stable_list *list = linter_state(linter, &abi004);
	struct error *error;

	if (list) {
		*ret = list;
		return NULL;
	}
	list = calloc(1, sizeof(*list));
	if (!list)
		return error_nomem();
	error = read_list(linter->options->stablelist, list);
	if (error) {
		destroy(list);
		return error;
	}
	*ret = list;
	return linter_set_state(linter, &abi004, list, destroy);
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct ko *ko = subject_ko(subject)->ko;
	_strbuf_ struct strbuf names = STRBUF_INIT;
	struct stable_list *list = NULL;
	struct error *error;

	if (!linter->options->stablelist)
		return linter_not_checked(linter, false, "ABI004", NULL,
					  "no list of stable symbols (--stablelist)");
	error = get_list(linter, &list);
	if (error)
		return error;
	for (size_t i = 0; i < ko->import_count; i++) {
		const char *name = ko->imports[i].name;

		if (strcmp(name, "module_layout") &&
		    !bsearch(&name, list->names, list->count, sizeof(name), compare))
			strbuf_addf(&names, "%s%s", names.length ? ", " : "", name);
	}
	if (!names.length)
		return strbuf_error(&names);
	return linter_emit(
		linter, subject,
		&(struct finding){ .symbol = strbuf_string(&names),
				   .message = "not among the symbols that stay the same",
				   .evidence = linter->options->stablelist });
}

static const struct check abi004 = { .id = "ABI004", .kind = &kind_ko, .run = run };
REGISTER(check, abi004);
