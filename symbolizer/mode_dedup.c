/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "common/style.h"
#include "report/json.h"
#include "report/report.h"
#include "symbolizer/modes.h"
#include "symbolizer/panic.h"

enum { DEPTH_LIMIT = 8 };

/* Logs with the same strict hash. */
struct bucket {
	char hash[17], loose[17];
	char *title, *module, *example;
	size_t count;
	time_t first, last; /* when the logs' files were written */
	json_t *releases;
};

struct buckets {
	struct bucket *items;
	size_t count, capacity;
	size_t prefix; /* of paths, which the folder's own name makes out */
};

static void buckets_deinit(struct buckets *buckets)
{
	for (size_t i = 0; i < buckets->count; i++) {
		free(buckets->items[i].title);
		free(buckets->items[i].module);
		free(buckets->items[i].example);
		json_decref(buckets->items[i].releases);
	}
	free(buckets->items);
}

#define _buckets_ __attribute__((cleanup(buckets_deinit)))

static struct error *find_bucket(struct buckets *buckets, const struct panic *p,
				 const char *path, time_t when, struct bucket **ret)
{
	struct bucket *one;

	for (size_t i = 0; i < buckets->count; i++)
		if (!strcmp(buckets->items[i].hash, p->hash_strict)) {
			*ret = &buckets->items[i];
			return NULL;
		}
	if (!array_grow(buckets->items, buckets->count, buckets->capacity))
		return error_nomem();
	one = &buckets->items[buckets->count];
	*one = (struct bucket){ .first = when, .last = when };
	memcpy(one->hash, p->hash_strict, sizeof(one->hash));
	memcpy(one->loose, p->hash_loose, sizeof(one->loose));
	one->title = strdup(p->title);
	one->module = p->module ? strdup(p->module) : NULL;
	one->example = strdup(path);
	one->releases = json_object();
	buckets->count++;
	*ret = one;
	return one->title && one->example && one->releases ? NULL : error_nomem();
}

static struct error *add_log(struct buckets *buckets, const char *path, const char *name,
			     time_t when)
{
	_cleanup_(panic_log_destroy) struct panic_log *log = NULL;
	_mapping_ struct mapping mapping = { 0 };
	struct error *error = file_map(path, &mapping);

	if (!error)
		error = panic_parse((const char *)mapping.bytes.data, mapping.bytes.size,
				    &log);
	for (size_t i = 0; !error && i < log->count; i++) {
		const char *release = log->panics[i].release;
		struct bucket *one = NULL;

		error = find_bucket(buckets, &log->panics[i], name, when, &one);
		if (error)
			return error;
		one->count++;
		one->first = when < one->first ? when : one->first;
		one->last = when > one->last ? when : one->last;
		json_object_set_new(one->releases, release ? release : "unknown",
				    json_true());
	}
	return error;
}

static int by_count(const void *left, const void *right)
{
	const struct bucket *a = left, *b = right;

	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return strcmp(a->hash, b->hash);
}

static void add_time(struct json_builder *b, const char *key, time_t when)
{
	char text[32];
	struct tm parts;

	gmtime_r(&when, &parts);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
	json_builder_string(b, key, text);
}

static json_t *names_of(const json_t *object)
{
	json_t *array = json_array(), *value;
	const char *key;
	void *next;

	json_object_foreach_safe((json_t *)object, next, key, value)
	{
		json_array_append_new(array, json_string(key));
	}
	return array;
}

static struct error *bucket_to_json(const struct bucket *one, json_t *array)
{
	struct json_builder b;
	json_t *json;
	struct error *error;

	json_builder_init(&b);
	json_builder_string(&b, "title", one->title);
	json_builder_string(&b, "module", one->module);
	json_builder_string(&b, "strict", one->hash);
	json_builder_string(&b, "loose", one->loose);
	json_builder_integer(&b, "count", one->count);
	add_time(&b, "first", one->first);
	add_time(&b, "last", one->last);
	json_builder_value(&b, "releases", names_of(one->releases));
	json_builder_string(&b, "example", one->example);
	error = json_builder_finish(&b, &json);
	if (!error && json_array_append_new(array, json))
		error = error_nomem();
	return error;
}

/* Below a bucket: where it was seen. */
static void add_releases(const json_t *releases, const struct style *s,
			 struct strbuf *out)
{
	const json_t *release;
	size_t i;

	json_array_foreach(releases, i, release)
	{
		strbuf_addf(out, "%s%s%s%s", i ? ", " : "\n                          on ",
			    s->dim, json_string_value(release), s->reset);
	}
	strbuf_addc(out, '\n');
}

static void buckets_text(const json_t *value, const struct style *s, struct strbuf *out)
{
	const json_t *one;
	size_t i;

	strbuf_addf(out, "%s%6s  %-16s  %-10s  %-10s  %s%s\n", s->dim, "count", "bucket",
		    "first", "last", "title", s->reset);
	json_array_foreach(value, i, one)
	{
		const char *module = json_string_value(json_object_get(one, "module"));

		strbuf_addf(out, "%6lld  %-16s  %.10s  %.10s  %s%s%s",
			    (long long)json_integer_value(json_object_get(one, "count")),
			    json_string_value(json_object_get(one, "strict")),
			    json_string_value(json_object_get(one, "first")),
			    json_string_value(json_object_get(one, "last")), s->bold,
			    json_string_value(json_object_get(one, "title")), s->reset);
		if (module)
			strbuf_addf(out, "  [%s]", module);
		add_releases(json_object_get(one, "releases"), s, out);
	}
}

static const struct section section = {
	.name = "buckets",
	.text = buckets_text,
	.order = -10,
};

/* A log is text; dumps, archives and the like lie in run folders, too. */
static bool is_text(const char *path)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char head[512];
	ssize_t size = fd < 0 ? -1 : read(fd, head, sizeof(head));

	return size > 0 && !memchr(head, 0, (size_t)size);
}

static struct error *read_folder(const char *folder, int depth, struct buckets *buckets,
				 struct report *report);

static struct error *read_entry(const char *path, int depth, struct buckets *buckets,
				struct report *report)
{
	struct stat status;

	if (lstat(path, &status))
		return NULL;
	if (S_ISDIR(status.st_mode) && depth < DEPTH_LIMIT)
		return read_folder(path, depth + 1, buckets, report);
	if (!S_ISREG(status.st_mode) || !status.st_size)
		return NULL;
	if (access(path, R_OK))
		return report_not_checked(report, true, path, "it cannot be read: %s",
					  strerror(errno));
	return is_text(path)
		       ? add_log(buckets, path, path + buckets->prefix, status.st_mtime)
		       : NULL;
}

static struct error *read_folder(const char *folder, int depth, struct buckets *buckets,
				 struct report *report)
{
	struct dirent **entries = NULL;
	struct error *error = NULL;
	int count = scandir(folder, &entries, NULL, alphasort);

	if (count < 0)
		return error_errno(errno, "cannot open folder %s", folder);
	for (int i = 0; i < count; i++) {
		_free_ char *path = NULL;

		if (!error && entries[i]->d_name[0] != '.')
			error = file_join(folder, entries[i]->d_name, &path);
		if (!error && path)
			error = read_entry(path, depth, buckets, report);
		free(entries[i]);
	}
	free(entries);
	return error;
}

struct error *mode_dedup(const char *folder, struct report *report)
{
	_buckets_ struct buckets buckets = { 0 };
	json_t *array = json_array();
	struct error *error;

	buckets.prefix = strlen(folder) + (folder[strlen(folder) - 1] != '/');
	error = array ? read_folder(folder, 0, &buckets, report) : error_nomem();

	if (buckets.count > 1)
		qsort(buckets.items, buckets.count, sizeof(*buckets.items), by_count);
	for (size_t i = 0; !error && i < buckets.count; i++)
		error = bucket_to_json(&buckets.items[i], array);
	if (error) {
		json_decref(array);
		return error;
	}
	return report_add_section(report, &section, array);
}
