/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "common/cleanup.h"
#include "common/error.h"

#define DEVICE "/dev/bookend-recorder"

_Static_assert(sizeof(struct recorder_step) == sizeof(struct journal_record),
	       "the recorder's step is the journal's record");
_Static_assert(offsetof(struct recorder_step, sequence) ==
			       offsetof(struct journal_record, sequence) &&
		       offsetof(struct recorder_step, kind) ==
			       offsetof(struct journal_record, kind) &&
		       offsetof(struct recorder_step, result) ==
			       offsetof(struct journal_record, result) &&
		       offsetof(struct recorder_step, worker) ==
			       offsetof(struct journal_record, worker),
	       "the recorder's step is the journal's record");
_Static_assert((int)RECORDER_BEGIN == (int)JOURNAL_BEGIN &&
		       (int)RECORDER_END == (int)JOURNAL_END,
	       "the recorder's kinds are the journal's");

static struct recorder_header *header_of(const struct recorder *r)
{
	return (struct recorder_header *)r->area;
}

struct error *recorder_attach(void *area, struct recorder *ret)
{
	struct recorder_header *header = area;

	if (header->magic != RECORDER_MAGIC)
		return error_new(ERROR_MISSING, DEVICE " is not bookend's recorder");
	if (header->version != RECORDER_VERSION)
		return error_new(ERROR_MISSING,
				 "the loaded bookend_recorder speaks version %u of its "
				 "memory, this program %u",
				 header->version, RECORDER_VERSION);
	memset((uint8_t *)area + RECORDER_NAMES_OFFSET, 0,
	       RECORDER_SIZE - RECORDER_NAMES_OFFSET);
	*ret = (struct recorder){ area, 0 };
	return NULL;
}

struct error *recorder_open(struct recorder *ret)
{
	_close_ int fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	struct error *error;
	void *area;

	if (fd < 0 && errno == ENOENT)
		return error_new(ERROR_MISSING,
				 "there is no " DEVICE
				 ": the module bookend_recorder is not loaded");
	if (fd < 0)
		return error_errno(errno, "cannot open " DEVICE);
	area = mmap(NULL, RECORDER_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (area == MAP_FAILED)
		return error_errno(errno, "cannot map " DEVICE);
	error = recorder_attach(area, ret);
	if (error)
		munmap(area, RECORDER_SIZE);
	return error;
}

void recorder_close(struct recorder *recorder)
{
	if (recorder->area)
		munmap(recorder->area, RECORDER_SIZE);
	*recorder = (struct recorder){ NULL, 0 };
}

void recorder_set_rate(struct recorder *recorder, uint64_t stamps_per_second)
{
	if (recorder->area)
		header_of(recorder)->stamps_per_second = stamps_per_second;
}

struct error *recorder_name(struct recorder *recorder, unsigned int leg,
			    unsigned int cycle, unsigned int step, const char *text)
{
	struct recorder_name *name;

	if (!recorder->area)
		return NULL;
	if (recorder->names >= RECORDER_NAMES)
		return error_new(ERROR_INPUT,
				 "the recorder knows names of %d steps at most",
				 RECORDER_NAMES);
	name = (struct recorder_name *)(recorder->area + RECORDER_NAMES_OFFSET) +
	       recorder->names++;
	name->leg = (uint8_t)leg;
	name->cycle = (uint8_t)cycle;
	name->step = (uint8_t)step;
	snprintf(name->text, sizeof(name->text), "%s", text);
	return NULL;
}

void recorder_add(struct recorder *recorder, const struct journal_record *record)
{
	struct recorder_step *place;
	struct recorder_step step;
	uint64_t number;

	if (!recorder->area)
		return;
	number = __atomic_fetch_add(&header_of(recorder)->head, 1, __ATOMIC_RELAXED);
	place = (struct recorder_step *)(recorder->area + RECORDER_STEPS_OFFSET) +
		number % RECORDER_STEPS;
	memcpy(&step, record, sizeof(step));
	/* no reader takes the old record for the new one while it is written */
	__atomic_store_n(&place->sequence, 0, __ATOMIC_RELEASE);
	place->stamp = step.stamp;
	place->pass = step.pass;
	place->kind = step.kind;
	place->leg = step.leg;
	place->cycle = step.cycle;
	place->step = step.step;
	place->result = step.result;
	place->worker = step.worker;
	__atomic_store_n(&place->sequence, (uint32_t)number + 1, __ATOMIC_RELEASE);
}
