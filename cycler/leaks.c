/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/leaks.h"

#include <stdlib.h>

#include "common/error.h"
#include "leakwatch/verdict.h"

struct error *leaks_add(const json_t *census, const json_t *costs,
			const struct carried_list *modules,
			const struct run_options *options, struct report *report)
{
	_free_ struct leak_module *list = calloc(modules->count + 1, sizeof(*list));
	_free_ const char **sources =
		calloc(options->sources.count + 1, sizeof(*sources));
	const struct leak_options judge = { .modules = list,
					    .module_count = modules->count,
					    .costs = costs,
					    .source_folders = sources };

	if (!list || !sources)
		return error_nomem();
	for (size_t i = 0; i < modules->count; i++)
		list[i] = (struct leak_module){
			.name = modules->items[i].name,
			.path = modules->items[i].host,
			.debug_file =
				options->symbols.count ? options->symbols.items[0] : NULL,
		};
	for (size_t i = 0; i < options->sources.count; i++)
		sources[i] = options->sources.items[i];
	return leak_judge(census, &judge, report);
}
