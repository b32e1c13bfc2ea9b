/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside a VM with bookend_recorder loaded: records passes of two steps, then makes the
 * kernel panic in the middle of one.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "cycler/recorder.h"

static uint64_t stamp(void)
{
	return __builtin_ia32_rdtsc();
}

static uint64_t rate(void)
{
	const struct timespec tenth = { 0, 100000000 };
	uint64_t before = stamp();

	nanosleep(&tenth, NULL);
	return (stamp() - before) * 10;
}

static void record(struct recorder *r, uint8_t kind, uint8_t step, uint32_t pass,
		   int result)
{
	const struct journal_record j = { .stamp = stamp(),
					  .kind = kind,
					  .step = step,
					  .pass = pass,
					  .result = result };

	recorder_add(r, &j);
}

static struct error *run(void)
{
	enum { PASSES = 5000 };
	struct recorder r;
	struct error *error = recorder_open(&r);
	_close_ int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
	uint64_t before, per_second;

	if (!error)
		error = recorder_name(&r, 0, 0, 0, "open /dev/refdrv0");
	if (!error)
		error = recorder_name(&r, 0, 0, 1, "close /dev/refdrv0");
	if (error)
		return error;
	per_second = rate();
	recorder_set_rate(&r, per_second);
	before = stamp();
	for (uint32_t pass = 0; pass < PASSES; pass++) {
		record(&r, JOURNAL_BEGIN, 0, pass, 0);
		record(&r, JOURNAL_END, 0, pass, pass % 2 ? -19 : 0);
		record(&r, JOURNAL_BEGIN, 1, pass, 0);
		record(&r, JOURNAL_END, 1, pass, 0);
	}
	printf("%.1f ns a record\n",
	       (double)(stamp() - before) / (double)per_second * 1e9 / (4 * PASSES));
	fflush(stdout);
	record(&r, JOURNAL_BEGIN, 0, PASSES, 0);
	if (write(fd, "c", 1) != 1)
		return error_new(ERROR_SYSTEM, "cannot crash");
	return NULL;
}

int main(void)
{
	_error_ struct error *error = run();

	if (error)
		printf("error: %s\n", error_message(error));
	return 1;
}
