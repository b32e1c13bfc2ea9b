/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/unpack_ahead.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/error.h"

enum {
	WINDOW = 16,	  /* members that may be begun before the caller's */
	BYTES = 64 << 20, /* unpacked and not taken */
	FEW = 16,	  /* a thread costs more than it saves */
	MOST_THREADS = 7,
};

enum slot_state { SLOT_FREE, SLOT_BEGUN, SLOT_DONE };

struct slot {
	enum slot_state state;
	struct content content;
	struct error *error;
};

struct unpack_ahead {
	const struct bundle *bundle;
	const struct member *const *members;
	size_t count;
	pthread_mutex_t lock;
	pthread_cond_t done;  /* a slot became SLOT_DONE */
	pthread_cond_t taken; /* there may be room again */
	struct slot slots[WINDOW];
	size_t next;  /* nobody began it yet */
	size_t at;    /* the caller's next */
	size_t bytes; /* in slots that are done */
	bool stop;
	pthread_t threads[MOST_THREADS];
	unsigned int thread_count;
};

unsigned int unpack_ahead_threads(const struct member *const *members, size_t count)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t slow = 0;

	for (size_t i = 0; i < count; i++)
		slow += !path_ends_with(members[i]->path, ".zst");
	if (slow < FEW || processors < 2)
		return 0;
	return processors > MOST_THREADS ? MOST_THREADS : (unsigned int)processors - 1;
}

static bool has_room(const struct unpack_ahead *a)
{
	return a->next < a->at + WINDOW && a->bytes < BYTES;
}

/* When threads that found no room go on: not at every member, which costs a switch each.
 */
static bool is_low(const struct unpack_ahead *a)
{
	return a->next <= a->at + WINDOW / 2 && a->bytes <= BYTES / 2;
}

/* Unpacks the next member that nobody began. Called and left with the lock held. */
static void unpack_one(struct unpack_ahead *a)
{
	size_t i = a->next++;
	struct slot *slot = &a->slots[i % WINDOW];

	slot->state = SLOT_BEGUN;
	pthread_mutex_unlock(&a->lock);
	slot->error = bundle_read_plain(a->bundle, a->members[i], &slot->content);
	pthread_mutex_lock(&a->lock);
	slot->state = SLOT_DONE;
	a->bytes += slot->content.bytes.size;
	if (i == a->at)
		pthread_cond_signal(&a->done);
}

static void *work(void *data)
{
	struct unpack_ahead *a = data;

	pthread_mutex_lock(&a->lock);
	while (!a->stop && a->next < a->count) {
		if (has_room(a))
			unpack_one(a);
		else
			while (!a->stop && a->next < a->count && !is_low(a))
				pthread_cond_wait(&a->taken, &a->lock);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

struct error *unpack_ahead_create(const struct bundle *bundle,
				  const struct member *const *members, size_t count,
				  unsigned int threads, struct unpack_ahead **ret)
{
	struct unpack_ahead *a = calloc(1, sizeof(*a));

	if (!a)
		return error_nomem();
	a->bundle = bundle;
	a->members = members;
	a->count = count;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->done, NULL);
	pthread_cond_init(&a->taken, NULL);
	if (threads > MOST_THREADS)
		threads = MOST_THREADS;
	while (a->thread_count < threads &&
	       !pthread_create(&a->threads[a->thread_count], NULL, work, a))
		a->thread_count++;
	*ret = a;
	return NULL;
}

void unpack_ahead_destroy(struct unpack_ahead *a)
{
	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_broadcast(&a->taken);
	pthread_mutex_unlock(&a->lock);
	while (a->thread_count)
		pthread_join(a->threads[--a->thread_count], NULL);
	for (size_t i = a->at; i < a->next; i++) {
		error_destroy(a->slots[i % WINDOW].error);
		content_deinit(&a->slots[i % WINDOW].content);
	}
	pthread_cond_destroy(&a->taken);
	pthread_cond_destroy(&a->done);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

/* Takes what a thread made out of its slot. */
static struct error *empty_slot(struct unpack_ahead *a, struct content *ret)
{
	struct slot *slot = &a->slots[a->at % WINDOW];
	struct error *error;
	bool was_low;

	/* rather than wait for a thread, do what it would do next */
	while (slot->state != SLOT_DONE) {
		if (a->next < a->count && has_room(a))
			unpack_one(a);
		else
			pthread_cond_wait(&a->done, &a->lock);
	}
	was_low = is_low(a);
	error = take(slot->error);
	a->bytes -= slot->content.bytes.size;
	*ret = slot->content;
	*slot = (struct slot){ .state = SLOT_FREE };
	a->at++;
	if (!was_low && is_low(a))
		pthread_cond_broadcast(&a->taken);
	return error;
}

struct error *unpack_ahead_take(struct unpack_ahead *a, struct content *ret)
{
	struct error *error;
	size_t i;

	pthread_mutex_lock(&a->lock);
	if (a->at < a->next) {
		error = empty_slot(a, ret);
		pthread_mutex_unlock(&a->lock);
		return error;
	}
	i = a->at++;
	a->next = a->at;
	pthread_mutex_unlock(&a->lock);
	return bundle_read_plain(a->bundle, a->members[i], ret);
}
