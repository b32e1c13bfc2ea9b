/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/leaks.h"

struct error *leaks_add(const json_t *census, const struct carried_list *modules,
			const struct run_options *options, struct report *report)
{
	(void)census;
	(void)modules;
	(void)options;
	return report_not_checked(report, true, "leaks", "not judged yet");
}
