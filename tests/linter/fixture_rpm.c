/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A minimal .rpm: lead, empty signature header, header, gzip'ed newc cpio. The step's
 * "header" is an object of tag number to string, number or array of strings:
 *	{"1000": "refdrv", "1049": ["kernel(printk) = 0x1"], "1048": [12]}
 * Source of the format: rpm's docs/manual/format_v4.md.
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "tests/linter/fixture_archive.h"

enum { RPM_INT32 = 4, RPM_STRING = 6, RPM_STRING_ARRAY = 8 };

static void add32(struct strbuf *out, uint32_t value)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		strbuf_addc(out, (char)(value >> shift));
}

static void add_entry(struct strbuf *index, uint32_t tag, uint32_t type, size_t offset,
		      size_t count)
{
	add32(index, tag);
	add32(index, type);
	add32(index, offset);
	add32(index, count);
}

static void add_value(struct strbuf *index, struct strbuf *store, uint32_t tag,
		      const json_t *value)
{
	bool array = json_is_array(value);
	const json_t *first = array ? json_array_get(value, 0) : value;
	size_t count = array ? json_array_size(value) : 1;

	if (json_is_integer(first)) {
		strbuf_pad(store, 0, -store->length & 3);
		add_entry(index, tag, RPM_INT32, store->length, count);
	} else {
		add_entry(index, tag, array ? RPM_STRING_ARRAY : RPM_STRING,
			  store->length, count);
	}
	for (size_t i = 0; i < count; i++) {
		const json_t *item = array ? json_array_get(value, i) : value;

		if (json_is_integer(item))
			add32(store, json_integer_value(item));
		else
			strbuf_add(store, json_string_value(item),
				   json_string_length(item) + 1);
	}
}

static int compare_keys(const void *a, const void *b)
{
	return atoi(*(const char *const *)a) - atoi(*(const char *const *)b);
}

static void add_header(struct strbuf *out, const json_t *tags)
{
	_strbuf_ struct strbuf index = STRBUF_INIT, store = STRBUF_INIT;
	const char *keys[64];
	size_t count = 0;
	const json_t *value;
	const char *key;

	json_object_foreach((json_t *)tags, key, value)
	{
		if (count < ARRAY_LENGTH(keys))
			keys[count++] = key;
	}
	qsort(keys, count, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < count; i++)
		add_value(&index, &store, atoi(keys[i]), json_object_get(tags, keys[i]));
	strbuf_add(out, "\x8e\xad\xe8\x01\0\0\0\0", 8);
	add32(out, count);
	add32(out, store.length);
	strbuf_add(out, index.data ? index.data : "", index.length);
	strbuf_add(out, store.data ? store.data : "", store.length);
}

struct error *fixture_rpm(const char *folder, const json_t *step, struct strbuf *out)
{
	_strbuf_ struct strbuf payload = STRBUF_INIT;
	char lead[96] = "\xed\xab\xee\xdb\x03\x00\x00\x00\x00\x01";
	struct error *error = fixture_pack(folder, ".cpio.gz",
					   json_object_get(step, "members"), &payload);

	if (error)
		return error;
	memcpy(lead + 10, "fixture-1-1", 11);
	lead[77] = 1; /* os: Linux */
	lead[79] = 5; /* signature: a header */
	strbuf_add(out, lead, sizeof(lead));
	add_header(out, NULL);
	strbuf_pad(out, 0, -out->length & 7);
	add_header(out, json_object_get(step, "header"));
	strbuf_add(out, payload.data, payload.length);
	return strbuf_error(out);
}
