/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/units.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/strbuf.h"

struct factor {
	const char *suffix;
	double factor;
};

static const struct factor counts[] = {
	{ "", 1 }, { "k", 1e3 }, { "K", 1e3 }, { "M", 1e6 }, { "G", 1e9 },
};

static const struct factor durations[] = {
	{ "ns", 1 },	 { "us", 1e3 }, { "µs", 1e3 },	 { "ms", 1e6 },	   { "s", 1e9 },
	{ "min", 60e9 }, { "m", 60e9 }, { "h", 3600e9 }, { "d", 86400e9 },
};

static const struct factor rates[] = {
	{ "/s", 1 }, { "/min", 60 }, { "/m", 60 }, { "/h", 3600 }, { "/d", 86400 },
};

static const struct factor sizes[] = {
	{ "", 1 },	    { "B", 1 },		 { "k", 1024 },
	{ "K", 1024 },	    { "KiB", 1024 },	 { "M", 1048576 },
	{ "MiB", 1048576 }, { "G", 1073741824 }, { "GiB", 1073741824 },
};

/* Reads one "number suffix" at *text, moves *text behind it; false when it is none. */
static bool parse_part(const char **text, const struct factor *table, size_t count,
		       double *ret)
{
	char *end;
	double value;
	size_t length;

	if (!strchr("0123456789.", **text) || !**text)
		return false;
	value = strtod(*text, &end);
	if (end == *text || !isfinite(value) || value < 0)
		return false;
	length = strcspn(end, "0123456789");
	for (size_t i = 0; i < count; i++) {
		if (strlen(table[i].suffix) != length ||
		    strncmp(table[i].suffix, end, length))
			continue;
		*ret = value * table[i].factor;
		*text = end + length;
		return *ret < 1.8e19;
	}
	return false;
}

static bool parse_whole(const char *text, const struct factor *table, size_t count,
			double *ret)
{
	return parse_part(&text, table, count, ret) && !*text;
}

struct error *units_parse_count(const char *text, uint64_t *ret)
{
	double value;

	if (!parse_whole(text, counts, ARRAY_LENGTH(counts), &value) ||
	    value != floor(value))
		return error_new(ERROR_USAGE, "'%s' is not a count (as 1000, 100k, 2M)",
				 text);
	*ret = (uint64_t)value;
	return NULL;
}

struct error *units_parse_duration(const char *text, uint64_t *ret)
{
	const char *at = text;
	double part, total = 0;
	char *end;

	part = strtod(text, &end);
	if (end != text && !*end && part >= 0 && part < 1e9) {
		*ret = (uint64_t)(part * 1e9);
		return NULL;
	}
	do {
		if (!parse_part(&at, durations, ARRAY_LENGTH(durations), &part))
			return error_new(ERROR_USAGE,
					 "'%s' is not a duration (as 90s, 250ms, 1h30m)",
					 text);
		total += part;
	} while (*at);
	*ret = (uint64_t)total;
	return NULL;
}

struct error *units_parse_rate(const char *text, struct rate *ret)
{
	const char *at = text;
	const char *slash = strchr(text, '/');
	char *end;
	double value;

	if (!strcmp(text, "max")) {
		ret->per_second = 0;
		return NULL;
	}
	value = strtod(at, &end);
	if (slash && end == slash && isfinite(value) && value > 0)
		for (size_t i = 0; i < ARRAY_LENGTH(rates); i++)
			if (!strcmp(slash, rates[i].suffix)) {
				ret->per_second = value / rates[i].factor;
				return NULL;
			}
	return error_new(ERROR_USAGE, "'%s' is not a rate (as 300/s, 10/m, 6/h, max)",
			 text);
}

struct error *units_parse_size(const char *text, uint64_t *ret)
{
	double value;

	if (!parse_whole(text, sizes, ARRAY_LENGTH(sizes), &value))
		return error_new(ERROR_USAGE, "'%s' is not a size (as 4k, 512M, 1GiB)",
				 text);
	*ret = (uint64_t)value;
	return NULL;
}

void units_add_count(struct strbuf *buf, uint64_t count)
{
	char digits[32];
	int n = snprintf(digits, sizeof(digits), "%" PRIu64, count);

	for (int i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			strbuf_adds(buf, " ");
		strbuf_addc(buf, digits[i]);
	}
}

/* Three significant digits at most, without an exponent. */
static void add_short(struct strbuf *buf, double value)
{
	if (value >= 999.5)
		units_add_count(buf, (uint64_t)llround(value));
	else if (value >= 99.5)
		strbuf_addf(buf, "%.0f", value);
	else if (value >= 9.95)
		strbuf_addf(buf, "%.*f", value == floor(value) ? 0 : 1, value);
	else
		strbuf_addf(buf, "%.*f", value == floor(value) ? 0 : 2, value);
}

void units_add_duration(struct strbuf *buf, uint64_t ns)
{
	uint64_t s = ns / 1000000000;

	if (ns < 1000)
		strbuf_addf(buf, "%" PRIu64 " ns", ns);
	else if (ns < 1000000)
		add_short(buf, ns / 1e3), strbuf_adds(buf, " µs");
	else if (ns < 1000000000)
		add_short(buf, ns / 1e6), strbuf_adds(buf, " ms");
	else if (s < 120)
		add_short(buf, ns / 1e9), strbuf_adds(buf, " s");
	else if (s < 7200)
		strbuf_addf(buf, "%" PRIu64 " min %02" PRIu64 " s", s / 60, s % 60);
	else
		strbuf_addf(buf, "%" PRIu64 " h %02" PRIu64 " min", s / 3600,
			    s / 60 % 60);
}

void units_add_size(struct strbuf *buf, uint64_t bytes)
{
	static const char *const names[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = bytes;
	int i = -1;

	if (bytes < 1024) {
		strbuf_addf(buf, "%" PRIu64 " B", bytes);
		return;
	}
	while (value >= 1024 && i < (int)ARRAY_LENGTH(names) - 1) {
		value /= 1024;
		i++;
	}
	add_short(buf, value);
	strbuf_addf(buf, " %s", names[i]);
}

void units_add_rate(struct strbuf *buf, double per_second)
{
	add_short(buf, per_second);
	strbuf_adds(buf, "/s");
}
