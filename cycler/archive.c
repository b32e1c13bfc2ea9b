/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"
#include "cycler/plan.h"
#include "cycler/thin.h"

enum {
	RECORDS_OFFSET = JOURNAL_LEGEND_OFFSET + JOURNAL_LEGEND_SIZE,
	BATCH = 2048,
};

struct archive {
	char *path, *legend;
	int fd;
	struct journal journal; /* .header NULL: none attached */
	struct journal_header
		first;	   /* of the first target: what the file's header says */
	uint64_t capacity; /* of its ring, as we formatted it */
	uint64_t next;	   /* record to take */
	uint64_t count;	   /* records in the file */
	uint64_t taken, thinned;
	uint64_t stamps_per_second; /* told by the last clock record */
	unsigned int targets;	    /* attached so far */
	uint64_t limit, thin_at;    /* bytes; 0: none */
	unsigned int width;	    /* seconds of a summary */
	const struct plan *plan;
	struct journal_record batch[BATCH];
};

static struct error *write_at(int fd, const char *path, const void *data, size_t size,
			      off_t at)
{
	const uint8_t *bytes = data;

	while (size) {
		ssize_t n = pwrite(fd, bytes, size, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_errno(n ? errno : ENOSPC, "cannot write %s", path);
		bytes += n;
		size -= (size_t)n;
		at += n;
	}
	return NULL;
}

static struct error *write_header(const struct archive *a, int fd, const char *path)
{
	struct journal_header header = a->first;

	header.magic = JOURNAL_MAGIC;
	header.version = JOURNAL_VERSION;
	header.flags = JOURNAL_FILE;
	header.records_offset = RECORDS_OFFSET;
	header.capacity = 0;
	header.head = header.tail = 0;
	return write_at(fd, path, &header, sizeof(header), 0);
}

/* Everything before the first record. */
static struct error *begin_file(const struct archive *a, int fd, const char *path)
{
	static const char end;
	size_t length = strlen(a->legend);
	struct error *error =
		write_at(fd, path, a->legend, length, JOURNAL_LEGEND_OFFSET);

	if (!error) /* gives the legend region its size */
		error = write_at(fd, path, &end, 1, RECORDS_OFFSET - 1);
	return error ? error : write_header(a, fd, path);
}

struct error *archive_create(const char *folder, const char *legend, struct archive **ret)
{
	_cleanup_(archive_destroy) struct archive *a = calloc(1, sizeof(*a));
	struct error *error;

	if (!a)
		return error_nomem();
	a->fd = -1;
	a->width = 1;
	a->legend = strdup(strlen(legend) < JOURNAL_LEGEND_SIZE ? legend : "");
	error = a->legend ? file_join(folder, ARCHIVE_FILE, &a->path) : error_nomem();
	if (error)
		return error;
	a->fd = open(a->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (a->fd < 0)
		return error_errno(errno, "cannot make %s", a->path);
	error = begin_file(a, a->fd, a->path);
	if (error)
		return error;
	*ret = take(a);
	return NULL;
}

void archive_destroy(struct archive *archive)
{
	if (!archive)
		return;
	if (archive->fd >= 0)
		close(archive->fd);
	free(archive->path);
	free(archive->legend);
	free(archive);
}

void archive_limit(struct archive *archive, uint64_t bytes, const struct plan *plan)
{
	archive->limit = archive->thin_at = bytes;
	archive->plan = plan;
}

void archive_attach(struct archive *archive, const struct journal *journal)
{
	archive->journal = *journal;
	archive->capacity = journal->header->capacity;
	archive->next = 1;
	/* number 0 is never used, so that a tail of 1 can say that somebody reads */
	journal->header->head = 1;
	journal->header->tail = 1;
	archive->stamps_per_second = 0;
	archive->targets++;
}

static struct error *append(struct archive *a, const struct journal_record *records,
			    size_t count)
{
	struct error *error =
		write_at(a->fd, a->path, records, count * sizeof(*records),
			 RECORDS_OFFSET + (off_t)(a->count * sizeof(*records)));

	if (!error)
		a->count += count;
	return error;
}

/* How the stamps that follow are read; and that another target goes on, if so. */
static struct error *tell_clock(struct archive *a)
{
	const struct journal_header *h = a->journal.header;
	struct journal_record records[3] = {
		{ .kind = JOURNAL_CLOCK, .step = 0, .stamp = h->stamp },
		{ .kind = JOURNAL_CLOCK, .step = 1, .stamp = h->stamp },
		{ .kind = JOURNAL_MARK,
		  .step = JOURNAL_MARK_RESTART,
		  .stamp = h->stamp,
		  .worker = JOURNAL_WORKERS,
		  .result = (int32_t)a->targets - 1 },
	};

	if (!a->first.stamps_per_second) {
		a->first = *h;
		error_destroy(write_header(a, a->fd, a->path));
	}
	journal_set_value(&records[0], h->realtime_ns);
	journal_set_value(&records[1], h->stamps_per_second);
	for (size_t i = 0; i < 3; i++)
		journal_seal(&records[i], a->next - 1);
	return append(a, records, a->targets > 1 ? 3 : 2);
}

static bool legitimate(const void *context, const struct journal_record *r)
{
	const struct plan *plan = context;
	const struct plan_cycle *cycle =
		plan && r->leg < plan->leg_count
			? plan_cycle_at(&plan->legs[r->leg], r->cycle)
			: NULL;
	const struct plan_pair *pair =
		cycle && r->step < cycle->step_count ? cycle->steps[r->step].pair : NULL;

	for (size_t i = 0; pair && i < pair->error_count; i++)
		if (pair->errors[i] == r->result)
			return true;
	return false;
}

/* Thins into @fd; intervals grow until the result leaves room for new records. */
static struct error *thin_into(struct archive *a, int fd, const char *path,
			       struct thin_result *ret)
{
	struct thin_job job = {
		.from = a->fd,
		.to = fd,
		.path = path,
		.offset = RECORDS_OFFSET,
		.count = a->count,
		.keep = a->limit / 4 / sizeof(*a->batch),
		.width = a->width,
		.per_second = a->first.stamps_per_second,
		.legitimate = legitimate,
		.context = a->plan,
	};
	struct error *error;

	for (;;) {
		error = ftruncate(fd, 0) ? error_errno(errno, "cannot empty %s", path)
					 : begin_file(a, fd, path);
		if (!error)
			error = thin_file(&job, ret);
		if (error)
			return error;
		a->width = job.width;
		/* summaries may take a quarter; what is eventful stays whatever it takes
		 */
		if (ret->summaries <= a->limit / 4 / sizeof(*a->batch) ||
		    job.width >= THIN_LONGEST)
			return NULL;
		job.width *= 2;
	}
}

static struct error *thin(struct archive *a)
{
	_free_ char *path = NULL;
	struct thin_result result = { 0 };
	struct error *error;
	int fd;

	if (asprintf(&path, "%s.new", a->path) < 0) {
		path = NULL;
		return error_nomem();
	}
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_errno(errno, "cannot make %s", path);
	error = thin_into(a, fd, path, &result);
	if (!error && (fdatasync(fd) || rename(path, a->path)))
		error = error_errno(errno, "cannot replace %s", a->path);
	if (error) {
		unlink(path);
		close(fd);
		return error;
	}
	close(a->fd);
	a->fd = fd;
	a->count = result.count;
	a->thinned += result.thinned;
	/* eventful passes may be more than the cap: then not again for every record */
	a->thin_at = archive_size(a) + a->limit / 2;
	if (a->thin_at < a->limit)
		a->thin_at = a->limit;
	return NULL;
}

static struct error *flush_batch(struct archive *a, size_t count)
{
	struct error *error = append(a, a->batch, count);

	if (error) {
		/* they are in the ring still, and taken again when there is room */
		a->next = a->journal.header->tail;
		return error;
	}
	a->taken += count;
	__atomic_store_n(&a->journal.header->tail, a->next, __ATOMIC_RELEASE);
	return a->limit && archive_size(a) > a->thin_at ? thin(a) : NULL;
}

struct error *archive_drain(struct archive *a, bool final)
{
	struct journal_header *header = a->journal.header;
	struct error *error = NULL;
	uint64_t head;
	size_t n = 0;

	if (!header)
		return NULL;
	head = __atomic_load_n(&header->head, __ATOMIC_ACQUIRE);
	/* the writers are in a machine that may be out of its mind */
	if (head < a->next || head - a->next > 2 * a->capacity)
		return NULL;
	if (header->stamps_per_second != a->stamps_per_second) {
		error = tell_clock(a);
		if (!error)
			a->stamps_per_second = header->stamps_per_second;
	}
	while (!error && a->next < head) {
		a->batch[n] = a->journal.records[a->next % a->capacity];
		if (journal_valid(&a->batch[n], a->next))
			n++;
		else if (!final)
			break;
		a->next++;
		if (n == BATCH) {
			error = flush_batch(a, n);
			n = 0;
		}
	}
	return error || !n ? error : flush_batch(a, n);
}

struct error *archive_commit(struct archive *a)
{
	return fdatasync(a->fd) ? error_errno(errno, "cannot commit %s", a->path) : NULL;
}

uint64_t archive_count(const struct archive *archive)
{
	return archive->taken;
}

uint64_t archive_thinned(const struct archive *archive)
{
	return archive->thinned;
}

unsigned int archive_width(const struct archive *archive)
{
	return archive->width;
}

uint64_t archive_size(const struct archive *archive)
{
	return RECORDS_OFFSET + archive->count * sizeof(*archive->batch);
}
