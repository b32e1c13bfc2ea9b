/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "linter/subject_ko_set.h"

/* Interned strings are equal when their addresses are. */
struct named {
	const char *name;
	const struct ko_facts *module;
};

static int compare_named(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	if (x->name != y->name)
		return x->name < y->name ? -1 : 1;
	return strcmp(x->module->path, y->module->path);
}

static int compare_names(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Two builds of one module, or modules for two kernels, are no conflict. */
static bool may_meet(const struct ko_facts *a, const struct ko_facts *b)
{
	return a != b && a->name != b->name && a->vermagic == b->vermagic &&
	       a->machine == b->machine;
}

static struct error *tell(struct linter *linter, const struct subject *subject,
			  const struct ko_facts *module, const char *symbol,
			  const char *message, const char *other)
{
	return linter_emit(linter, subject,
			   &(struct finding){ .path = module->path,
					      .symbol = symbol,
					      .message = message,
					      .evidence = other });
}

static struct error *look_at_exports(struct linter *linter, const struct subject *subject,
				     const struct ko_set *set)
{
	_free_ struct named *all = NULL;
	struct error *error = NULL;
	size_t count = 0;

	for (size_t i = 0; i < set->count; i++)
		count += set->modules[i]->export_count;
	all = calloc(count + 1, sizeof(*all));
	if (!all)
		return error_nomem();
	count = 0;
	for (size_t i = 0; i < set->count; i++)
		for (size_t k = 0; k < set->modules[i]->export_count; k++)
			all[count++] = (struct named){ set->modules[i]->exports[k].name,
						       set->modules[i] };
	if (count)
		qsort(all, count, sizeof(*all), compare_named);
	for (size_t i = 1; !error && i < count; i++)
		if (all[i].name == all[i - 1].name &&
		    may_meet(all[i].module, all[i - 1].module))
			error = tell(linter, subject, all[i].module, all[i].name,
				     "exported by two modules: the second one to load is "
				     "refused",
				     all[i - 1].module->path);
	return error;
}

/* depmod -w tells devname aliases that no device number goes with. */
static bool has_number(const struct ko_facts *m)
{
	for (size_t i = 0; i < m->alias_count; i++)
		if (!strncmp(m->aliases[i], "char-major-", 11) ||
		    !strncmp(m->aliases[i], "block-major-", 12))
			return true;
	return false;
}

static struct error *look_at_aliases(struct linter *linter, const struct subject *subject,
				     const struct ko_facts *m)
{
	_free_ const char **sorted = malloc((m->alias_count + 1) * sizeof(*sorted));
	struct error *error = NULL;

	if (!sorted)
		return error_nomem();
	memcpy(sorted, m->aliases, m->alias_count * sizeof(*sorted));
	if (m->alias_count)
		qsort(sorted, m->alias_count, sizeof(*sorted), compare_names);
	for (size_t i = 1; !error && i < m->alias_count; i++)
		if (m->out_of_tree && sorted[i] == sorted[i - 1] &&
		    (i < 2 || sorted[i] != sorted[i - 2]))
			error = tell(linter, subject, m, sorted[i],
				     "the same alias stands in the module twice", NULL);
	for (size_t i = 0; !error && i < m->alias_count; i++)
		if (!strncmp(m->aliases[i], "devname:", 8) && !has_number(m))
			error = tell(
				linter, subject, m, m->aliases[i],
				"a devname alias without device number: no node is "
				"made at boot",
				"add MODULE_ALIAS_CHARDEV(), MODULE_ALIAS_MISCDEV() or "
				"MODULE_ALIAS_BLOCKDEV()");
	return error;
}

/* State of one module in the search for cycles. */
enum colour { WHITE, GREY, BLACK };

struct search {
	const struct ko_set *set;
	enum colour *colours;
	const struct ko_facts *found; /* a module on a cycle */
};

static size_t find_module(const struct ko_set *set, const struct ko_facts *from,
			  const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->modules[i]->name == name &&
		    set->modules[i]->vermagic == from->vermagic)
			return i;
	return SIZE_MAX;
}

static void search(struct search *s, size_t at, unsigned int depth)
{
	const struct ko_facts *m = s->set->modules[at];

	s->colours[at] = GREY;
	for (size_t i = 0; !s->found && depth < 200 && i < m->depend_count; i++) {
		size_t next = find_module(s->set, m, m->depends[i]);

		if (next == SIZE_MAX)
			continue;
		if (s->colours[next] == GREY)
			s->found = s->set->modules[next];
		else if (s->colours[next] == WHITE)
			search(s, next, depth + 1);
	}
	s->colours[at] = BLACK;
}

static struct error *look_for_cycles(struct linter *linter, const struct subject *subject,
				     const struct ko_set *set)
{
	_free_ enum colour *colours = calloc(set->count + 1, sizeof(*colours));
	struct search s = { .set = set, .colours = colours };

	if (!colours)
		return error_nomem();
	for (size_t i = 0; !s.found && i < set->count; i++)
		if (colours[i] == WHITE)
			search(&s, i, 0);
	return s.found ? tell(linter, subject, s.found, s.found->name,
			      "depends on itself through other modules: none of them "
			      "can be loaded first",
			      NULL)
		       : NULL;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct ko_set *set = subject->model;
	struct error *error = look_at_exports(linter, subject, set);

	for (size_t i = 0; !error && i < set->count; i++)
		error = look_at_aliases(linter, subject, set->modules[i]);
	return error ? error : look_for_cycles(linter, subject, set);
}

static const struct check kom016 = { .id = "KOM016", .kind = &kind_ko_set, .run = run };
REGISTER(check, kom016);
