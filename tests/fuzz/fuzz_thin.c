/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of any kind in any order are thinned, and come out as whole records. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/error.h"
#include "cycler/thin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes, with numbers and checks that fit: else nearly nothing would get anywhere. */
static int records_of(const uint8_t *data, size_t count)
{
	int fd = memfd_create("records", MFD_CLOEXEC);

	for (size_t i = 0; fd >= 0 && i < count; i++) {
		struct journal_record r;

		memcpy(&r, data + i * sizeof(r), sizeof(r));
		r.kind %= 8;
		journal_seal(&r, i);
		if (write(fd, &r, sizeof(r)) != (ssize_t)sizeof(r))
			abort();
	}
	return fd;
}

static void check_output(int fd, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		struct journal_record r;

		if (pread(fd, &r, sizeof(r), (off_t)(i * sizeof(r))) !=
			    (ssize_t)sizeof(r) ||
		    !journal_valid(&r, (uint64_t)r.sequence - 1))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t count = size / sizeof(struct journal_record);
	struct thin_job job = { .path = "thinned", .count = count };
	struct thin_result result = { 0 };
	struct error *error;

	if (!count || size < 2)
		return 0;
	job.keep = data[0] % (count + 1);
	job.width = 1u << data[1] % 16;
	job.per_second = data[size - 1] * 1000;
	job.from = records_of(data, count);
	job.to = memfd_create("thinned", MFD_CLOEXEC);
	if (job.from < 0 || job.to < 0)
		abort();
	error = thin_file(&job, &result);
	if (!error)
		check_output(job.to, result.count);
	error_destroy(error);
	close(job.from);
	close(job.to);
	return 0;
}
