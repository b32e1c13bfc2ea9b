/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much the driver and the whole kernel hold, over the run. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "leakwatch/census_private.h"

/* What nothing can take back while its owner lives: "wired" elsewhere. */
static const char *const wired[] = { "SUnreclaim",  "VmallocUsed", "Percpu",
				     "KernelStack", "PageTables",  "Unevictable" };

uint64_t census_wired(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	uint64_t sum = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file)) {
		unsigned long long kib;
		char name[64];

		if (sscanf(line, "%63[^:]: %llu kB", name, &kib) != 2)
			continue;
		for (size_t i = 0; i < sizeof(wired) / sizeof(wired[0]); i++)
			if (!strcmp(wired[i], name))
				sum += kib << 10;
	}
	if (file)
		fclose(file);
	return sum;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void census_sample(struct census *census)
{
	struct census_live *live = census_live(census);
	struct growth_point point = { .pass = *census_pass(census),
				      .least = live->least,
				      .most = live->most,
				      .wired = census_wired() };

	if (!census->begun_ns) {
		census->begun_ns = now_ns();
		census->wired_before = point.wired;
	}
	point.at_ns = now_ns() - census->begun_ns;
	/* bounds of the time that begins now */
	__atomic_store_n(&live->least, live->bytes, __ATOMIC_RELAXED);
	__atomic_store_n(&live->most, live->bytes, __ATOMIC_RELAXED);
	growth_add(&census->growth, &point);
}
