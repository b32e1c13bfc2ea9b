/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Suspends the target and lets its clock wake it: one of the states that the kernel
 * offers in /sys/power/state ("freeze", "mem"), woken by the alarm of an RTC.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/error.h"
#include "common/units.h"
#include "cycler/kinds/kind.h"
#include "cycler/kinds/text_file.h"

#define STATE  "/sys/power/state"
#define COUNT  "/sys/power/wakeup_count"
#define VENDOR "/sys/class/dmi/id/sys_vendor"

enum { DEFAULT_WAKE_SECONDS = 2 };

struct power_cycle {
	char *state;
	uint64_t seconds; /* asleep */
	char alarm[128];
};

static void power_destroy(void *state)
{
	struct power_cycle *p = state;

	free(p->state);
	free(p);
}

static struct error *power_create(const json_t *options, const char *where, void **ret)
{
	const char *wake = json_string_value(json_object_get(options, "wake"));
	const char *rtc = json_string_value(json_object_get(options, "rtc"));
	uint64_t ns = DEFAULT_WAKE_SECONDS * UINT64_C(1000000000);
	struct error *error = wake ? units_parse_duration(wake, &ns) : NULL;
	struct power_cycle *p;

	if (error)
		return error_wrap(error, "%s/wake", where);
	if (ns < 1000000000)
		return error_new(ERROR_INPUT, "%s/wake: an alarm takes a second at least",
				 where);
	if (rtc && (strlen(rtc) > 32 || strchr(rtc, '/')))
		return error_new(ERROR_INPUT, "%s/rtc: '%s' is no clock, as \"rtc0\"",
				 where, rtc);
	p = calloc(1, sizeof(*p));
	if (!p)
		return error_nomem();
	p->seconds = ns / 1000000000;
	p->state = strdup(json_string_value(json_object_get(options, "state")));
	if (!p->state) {
		power_destroy(p);
		return error_nomem();
	}
	snprintf(p->alarm, sizeof(p->alarm), "/sys/class/rtc/%s/wakealarm",
		 rtc ? rtc : "rtc0");
	*ret = p;
	return NULL;
}

static bool offers(char *states, const char *wanted)
{
	char *word;

	while ((word = strsep(&states, " ")))
		if (!strcmp(word, wanted))
			return true;
	return false;
}

static struct error *power_prepare(void *state)
{
	struct power_cycle *p = state;
	char states[256], copy[256];
	int rc = text_file_read(STATE, states, sizeof(states));

	if (rc)
		return error_errno(-rc, "the target's kernel cannot suspend: " STATE);
	strcpy(copy, states);
	if (!offers(copy, p->state))
		return error_new(ERROR_MISSING,
				 "the target's kernel does not offer the state '%s', but "
				 "%s",
				 p->state, *states ? states : "none");
	/* s2idle there ends at no interrupt of the clock (seen with QEMU 7.2) */
	if (!strcmp(p->state, "freeze") &&
	    !text_file_read(VENDOR, states, sizeof(states)) && !strcmp(states, "QEMU"))
		return error_new(ERROR_MISSING,
				 "no clock wakes a QEMU machine from the state 'freeze': "
				 "use 'mem'");
	if (access(p->alarm, W_OK))
		return error_new(ERROR_MISSING,
				 "nothing would wake the target: there is no %s",
				 p->alarm);
	return NULL;
}

static int64_t now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* How long the machine has been asleep since it was started. */
static int64_t slept(void)
{
	return now(CLOCK_BOOTTIME) - now(CLOCK_MONOTONIC);
}

/*
 * On a busy machine the alarm may come before it sleeps, and then nothing would wake it:
 * with the count of wake events written back, the kernel gives up when there was one
 * (EBUSY). Documentation/ABI/testing/sysfs-power.
 */
static int suspend(const struct power_cycle *p)
{
	char seconds[32], count[32];
	int64_t before = slept();
	bool counted = !text_file_read(COUNT, count, sizeof(count));
	int rc;

	snprintf(seconds, sizeof(seconds), "+%" PRIu64, p->seconds);
	rc = text_file_write(p->alarm, "0");
	if (!rc)
		rc = text_file_write(p->alarm, seconds);
	if (!rc && counted)
		rc = text_file_write(COUNT, count);
	if (rc == -EINVAL)
		return -EBUSY;
	if (!rc)
		rc = text_file_write(STATE, p->state);
	if (rc)
		return rc;
	/* the clocks part while it sleeps: they did not, so something kept it awake */
	return slept() - before < 1000000 ? -EAGAIN : 0;
}

static size_t power_half(const void *state)
{
	(void)state;
	return 1;
}

static const char *power_step_name(const void *state, size_t step)
{
	(void)state;
	return step ? "disarm" : "suspend";
}

/* The step returns when the machine is awake again. */
static int power_step(void *state, size_t step)
{
	struct power_cycle *p = state;

	return step ? text_file_write(p->alarm, "0") : suspend(p);
}

static const char *power_subject(const void *state)
{
	return ((const struct power_cycle *)state)->state;
}

static const struct plan_key keys[] = {
	{ "state", PLAN_STRING, true, "\"freeze\", \"mem\": as /sys/power/state has it" },
	{ "wake", PLAN_STRING, false,
	  "how long to sleep, whole seconds; default \"2s\"" },
	{ "rtc", PLAN_STRING, false, "clock whose alarm wakes it; default \"rtc0\"" },
	{ NULL },
};

static const struct cycle_kind power_kind = {
	.name = "power",
	.summary = "suspend the target and wake it",
	.keys = keys,
	.create = power_create,
	.destroy = power_destroy,
	.prepare = power_prepare,
	.opening = power_half,
	.closing = power_half,
	.step_name = power_step_name,
	.step = power_step,
	.subject = power_subject,
};
REGISTER(cycle_kind, power_kind);
