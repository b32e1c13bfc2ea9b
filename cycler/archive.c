/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"

enum {
	RECORDS_OFFSET = JOURNAL_LEGEND_OFFSET + JOURNAL_LEGEND_SIZE,
	BATCH = 2048,
};

struct archive {
	char *path;
	int fd;
	struct journal journal; /* .header NULL: none attached */
	uint64_t capacity;	/* of its ring, as we formatted it */
	uint64_t next;		/* record to take */
	uint64_t count;
	uint64_t stamps_per_second; /* written to the file's header */
	struct journal_record batch[BATCH];
};

static struct error *write_at(const struct archive *a, const void *data, size_t size,
			      off_t at)
{
	const uint8_t *bytes = data;

	while (size) {
		ssize_t n = pwrite(a->fd, bytes, size, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_errno(n ? errno : ENOSPC, "cannot write %s",
					   a->path);
		bytes += n;
		size -= (size_t)n;
		at += n;
	}
	return NULL;
}

static struct error *write_header(const struct archive *a)
{
	struct journal_header header = { .magic = JOURNAL_MAGIC,
					 .version = JOURNAL_VERSION };

	if (a->journal.header)
		header = *a->journal.header;
	header.magic = JOURNAL_MAGIC;
	header.version = JOURNAL_VERSION;
	header.flags = JOURNAL_FILE;
	header.records_offset = RECORDS_OFFSET;
	header.capacity = 0;
	header.head = header.tail = 0;
	return write_at(a, &header, sizeof(header), 0);
}

struct error *archive_create(const char *folder, const char *legend, struct archive **ret)
{
	_cleanup_(archive_destroy) struct archive *a = calloc(1, sizeof(*a));
	static const char end;
	size_t length = strlen(legend);
	struct error *error;

	if (!a)
		return error_nomem();
	a->fd = -1;
	error = file_join(folder, "journal.bin", &a->path);
	if (error)
		return error;
	a->fd = open(a->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (a->fd < 0)
		return error_errno(errno, "cannot make %s", a->path);
	if (length >= JOURNAL_LEGEND_SIZE)
		length = 0;
	error = write_at(a, legend, length, JOURNAL_LEGEND_OFFSET);
	if (!error) /* gives the legend region its size */
		error = write_at(a, &end, 1, RECORDS_OFFSET - 1);
	if (!error)
		error = write_header(a);
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
	free(archive);
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
}

static struct error *flush_batch(struct archive *a, size_t count)
{
	struct error *error =
		write_at(a, a->batch, count * sizeof(*a->batch),
			 RECORDS_OFFSET + (off_t)(a->count * sizeof(*a->batch)));

	if (!error)
		a->count += count;
	return error;
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
	if (header->stamps_per_second != a->stamps_per_second || final) {
		a->stamps_per_second = header->stamps_per_second;
		error = write_header(a);
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
			__atomic_store_n(&header->tail, a->next, __ATOMIC_RELEASE);
		}
	}
	if (!error && n)
		error = flush_batch(a, n);
	if (!error)
		__atomic_store_n(&header->tail, a->next, __ATOMIC_RELEASE);
	return error;
}

uint64_t archive_count(const struct archive *archive)
{
	return archive->count;
}
