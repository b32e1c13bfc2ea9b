/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/apple/kpi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/file.h"
#include "linter/apple/kext_version.h"
#include "readers/macho.h"

const char *const kpi_arch_names[] = { "ppc", "i386", "x86_64", "arm64", NULL };

static const uint32_t cputypes[] = {
	[KPI_PPC] = MACHO_CPU_PPC,
	[KPI_I386] = MACHO_CPU_I386,
	[KPI_X86_64] = MACHO_CPU_X86_64,
	[KPI_ARM64] = MACHO_CPU_ARM64,
};

bool kpi_arch_of(uint32_t cputype, enum kpi_arch *ret)
{
	for (unsigned int i = 0; i < KPI_ARCH_COUNT; i++)
		if (cputypes[i] == cputype) {
			*ret = i;
			return true;
		}
	return false;
}

const char *kpi_last_version(unsigned int darwin)
{
	static const char *const last[] = {
		[7] = "7.9.0",	 [8] = "8.11.1",  [9] = "9.8.0",   [10] = "10.8.0",
		[11] = "11.4.2", [12] = "12.6.0", [13] = "13.4.0", [14] = "14.5.0",
		[15] = "15.6.0", [16] = "16.7.0", [17] = "17.7.0", [18] = "18.7.0",
		[19] = "19.6.0", [20] = "20.6.0", [21] = "21.6.0", [22] = "22.6.0",
		[23] = "23.6.0", [24] = "24.6.0",
	};

	return darwin < ARRAY_LENGTH(last) ? last[darwin] : NULL;
}

/* The file while it is read, line by line and word by word. */
struct table {
	const char *path;
	const char *at, *end;
	unsigned int line;
	struct kpi *kpi;
	size_t set_capacity;
};

static struct error *broken(const struct table *t)
{
	return error_new(ERROR_INPUT, "%s: line %u: not as kpi-pack writes it", t->path,
			 t->line);
}

/* The next word of the line into @ret; false at the end of the line. */
static bool next_word(struct table *t, char *ret, size_t size)
{
	size_t length = 0;

	while (t->at < t->end && *t->at == ' ')
		t->at++;
	while (t->at < t->end && *t->at != ' ' && *t->at != '\n') {
		if (length + 1 < size)
			ret[length++] = *t->at;
		t->at++;
	}
	ret[length] = 0;
	return length > 0;
}

static void next_line(struct table *t)
{
	while (t->at < t->end && *t->at != '\n')
		t->at++;
	t->at += t->at < t->end;
	t->line++;
}

/* "7" or "7-24" at *p, which is moved behind it. */
static bool read_range(const char **p, unsigned int *first, unsigned int *last)
{
	char *end;

	*first = *last = strtoul(*p, &end, 10);
	if (end != *p && *end == '-')
		*last = strtoul(end + 1, &end, 10);
	if (end == *p || *last < *first || *last >= KPI_RELEASE_LIMIT)
		return false;
	*p = end;
	return true;
}

static bool arch_named(const char *name, size_t length, enum kpi_arch *ret)
{
	for (unsigned int i = 0; kpi_arch_names[i]; i++)
		if (strlen(kpi_arch_names[i]) == length &&
		    !memcmp(kpi_arch_names[i], name, length)) {
			*ret = i;
			return true;
		}
	return false;
}

static struct error *read_release(struct table *t)
{
	struct kpi_release *r = &t->kpi->releases[t->kpi->release_count];
	char word[64];
	enum kpi_arch arch;

	if (t->kpi->release_count == KPI_RELEASE_LIMIT ||
	    !next_word(t, word, sizeof(word)))
		return broken(t);
	r->darwin = strtoul(word, NULL, 10);
	if (r->darwin >= KPI_RELEASE_LIMIT || !next_word(t, r->macos, sizeof(r->macos)) ||
	    !next_word(t, word, sizeof(word)))
		return broken(t);
	for (const char *p = word; *p; p += *p == ',') {
		size_t length = strcspn(p, ",");

		if (!arch_named(p, length, &arch))
			return broken(t);
		r->archs |= 1u << arch;
		p += length;
	}
	t->kpi->release_count++;
	return NULL;
}

static struct error *read_library(struct table *t)
{
	struct kpi_library *l = &t->kpi->libraries[t->kpi->library_count];
	unsigned int first, last;
	char word[64];

	if (t->kpi->library_count == KPI_LIBRARY_LIMIT ||
	    !next_word(t, l->name, sizeof(l->name)))
		return broken(t);
	l->compatibility = !strncmp(l->name, "com.apple.kernel", 16);
	while (next_word(t, word, sizeof(word))) {
		const char *p = word;
		uint64_t version;

		if (!read_range(&p, &first, &last) || *p != ':' ||
		    !kext_version_parse(p + 1, &version))
			return broken(t);
		for (unsigned int i = first; i <= last; i++) {
			l->present |= 1u << i;
			l->compatible[i] = version;
			snprintf(l->text[i], sizeof(l->text[i]), "%.11s", p + 1);
		}
	}
	t->kpi->library_count++;
	return NULL;
}

/* "3/x86_64:8-9,11" */
static bool read_part(const struct table *t, const char *p, struct kpi_availability *set)
{
	unsigned int first, last;
	enum kpi_arch arch;
	size_t library;
	char *end;

	library = strtoul(p, &end, 10);
	if (*end != '/' || library >= t->kpi->library_count)
		return false;
	p = end + 1;
	if (!arch_named(p, strcspn(p, ":"), &arch))
		return false;
	for (p += strcspn(p, ":"); *p;) {
		p++;
		if (!read_range(&p, &first, &last) || (*p && *p != ','))
			return false;
		for (unsigned int i = first; i <= last; i++)
			set->by[library][arch] |= 1u << i;
	}
	return true;
}

static struct error *read_set(struct table *t)
{
	struct kpi *kpi = t->kpi;
	char word[256];

	if (!array_grow(kpi->sets, kpi->set_count, t->set_capacity))
		return error_nomem();
	memset(&kpi->sets[kpi->set_count], 0, sizeof(*kpi->sets));
	while (next_word(t, word, sizeof(word)))
		if (!read_part(t, word, &kpi->sets[kpi->set_count]))
			return broken(t);
	kpi->set_count++;
	return NULL;
}

/* How many symbols follow, and bytes of their names; then room for both. */
static struct error *measure_symbols(const struct table *t)
{
	size_t previous = 0, bytes = 0, count = 0;
	struct kpi *kpi = t->kpi;

	for (const char *p = t->at; p < t->end; count++) {
		const char *tab = memchr(p, '\t', t->end - p), *line;
		size_t shared = (unsigned char)*p - '!';

		line = tab ? memchr(tab, '\n', t->end - tab) : NULL;
		if (!line || shared > previous)
			return error_new(ERROR_INPUT, "%s: symbol %zu cannot be read",
					 t->path, count + 1);
		previous = shared + (tab - p - 1);
		bytes += previous + 1;
		p = line + 1;
	}
	kpi->names = malloc(bytes ? bytes : 1);
	kpi->symbols = calloc(count ? count : 1, sizeof(*kpi->symbols));
	kpi->prefixes = calloc(count ? count : 1, sizeof(*kpi->prefixes));
	kpi->symbol_count = count;
	return kpi->names && kpi->symbols && kpi->prefixes ? NULL : error_nomem();
}

static struct error *read_symbols(struct table *t)
{
	struct error *error = measure_symbols(t);
	struct kpi *kpi = t->kpi;
	const char *before = "";
	char *name = kpi->names;

	for (size_t i = 0; i < kpi->symbol_count && !error; i++) {
		size_t shared = (unsigned char)*t->at - '!', rest, set = 0;
		const char *tab = memchr(t->at, '\t', t->end - t->at), *p;

		rest = tab - t->at - 1;
		memcpy(name, before, shared);
		memcpy(name + shared, t->at + 1, rest);
		name[shared + rest] = 0;
		for (p = tab + 1; *p >= '0' && *p <= '9'; p++)
			set = set * 10 + (*p - '0');
		if (set >= kpi->set_count || *p != '\n' || shared + rest == 0)
			return error_new(ERROR_INPUT, "%s: symbol %s: no set %zu",
					 t->path, name, set);
		kpi->symbols[i] = (struct kpi_symbol){ name, set };
		if (name[shared + rest - 1] == '*')
			kpi->prefixes[kpi->prefix_count++] = i;
		before = name;
		name += shared + rest + 1;
		t->at = p + 1;
	}
	t->at = t->end;
	return error;
}

static struct error *read_table(struct table *t)
{
	static const struct {
		const char *word;
		struct error *(*read)(struct table *t);
	} kinds[] = {
		{ "release", read_release },
		{ "library", read_library },
		{ "set", read_set },
	};
	char word[32];

	for (t->line = 1; t->at < t->end; next_line(t)) {
		struct error *error = NULL;
		bool known = *t->at == '#' || *t->at == '\n';

		if (known)
			continue;
		next_word(t, word, sizeof(word));
		if (!strcmp(word, "symbols")) {
			next_line(t);
			return read_symbols(t);
		}
		for (size_t i = 0; i < ARRAY_LENGTH(kinds) && !known; i++)
			if (!strcmp(word, kinds[i].word)) {
				known = true;
				error = kinds[i].read(t);
			}
		if (error || !known)
			return error ? error : broken(t);
	}
	return error_new(ERROR_INPUT, "%s: no symbols", t->path);
}

struct error *kpi_create(const char *path, struct kpi **ret)
{
	_cleanup_(kpi_destroy) struct kpi *kpi = calloc(1, sizeof(*kpi));
	_free_ char *folder = NULL, *own = NULL;
	_mapping_ struct mapping mapping = { 0 };
	struct error *error = NULL;
	struct table t = { .kpi = kpi };

	if (!kpi)
		return error_nomem();
	if (!path) {
		error = file_data_folder("rules", &folder);
		if (!error)
			error = file_join(folder, "kpi.tab", &own);
		path = own;
	}
	if (!error)
		error = file_map(path, &mapping);
	if (error)
		return error;
	t.path = path;
	t.at = (const char *)mapping.bytes.data;
	t.end = t.at + mapping.bytes.size;
	error = read_table(&t);
	if (!error)
		*ret = take(kpi);
	return error;
}

void kpi_destroy(struct kpi *kpi)
{
	if (!kpi)
		return;
	free(kpi->sets);
	free(kpi->symbols);
	free(kpi->prefixes);
	free(kpi->names);
	free(kpi);
}

static void join(struct kpi_availability *into, const struct kpi_availability *set)
{
	for (size_t i = 0; i < KPI_LIBRARY_LIMIT; i++)
		for (size_t j = 0; j < KPI_ARCH_COUNT; j++)
			into->by[i][j] |= set->by[i][j];
}

static int by_name(const void *a, const void *b)
{
	const struct kpi_symbol *symbol = b;

	return strcmp(a, symbol->name);
}

static const struct kpi_symbol *find_exact(const struct kpi *kpi, const char *symbol)
{
	return kpi->symbol_count ? bsearch(symbol, kpi->symbols, kpi->symbol_count,
					   sizeof(*kpi->symbols), by_name)
				 : NULL;
}

static bool begins_with(const char *symbol, const struct kpi_symbol *prefix)
{
	return !strncmp(symbol, prefix->name, strlen(prefix->name) - 1);
}

const struct kpi_availability *kpi_find_single(const struct kpi *kpi, const char *symbol)
{
	const struct kpi_symbol *found = find_exact(kpi, symbol);

	for (size_t i = 0; i < kpi->prefix_count; i++)
		if (begins_with(symbol, &kpi->symbols[kpi->prefixes[i]]))
			return NULL;
	return found ? &kpi->sets[found->set] : NULL;
}

bool kpi_find(const struct kpi *kpi, const char *symbol, struct kpi_availability *ret)
{
	const struct kpi_symbol *found = find_exact(kpi, symbol);
	bool any = found != NULL;

	memset(ret, 0, sizeof(*ret));
	if (found)
		join(ret, &kpi->sets[found->set]);
	for (size_t i = 0; i < kpi->prefix_count; i++) {
		const struct kpi_symbol *prefix = &kpi->symbols[kpi->prefixes[i]];

		if (begins_with(symbol, prefix)) {
			join(ret, &kpi->sets[prefix->set]);
			any = true;
		}
	}
	return any;
}

int kpi_library(const struct kpi *kpi, const char *name)
{
	for (size_t i = 0; i < kpi->library_count; i++)
		if (!strcmp(kpi->libraries[i].name, name))
			return i;
	return -1;
}

const struct kpi_release *kpi_release_darwin(const struct kpi *kpi, unsigned int darwin)
{
	for (size_t i = 0; i < kpi->release_count; i++)
		if (kpi->releases[i].darwin == darwin)
			return &kpi->releases[i];
	return NULL;
}

const struct kpi_release *kpi_release_named(const struct kpi *kpi, const char *name)
{
	if (!strcmp(name, "10.16")) /* what macOS 11 called itself to older programs */
		name = "11";
	for (size_t i = 0; i < kpi->release_count; i++)
		if (!strcmp(kpi->releases[i].macos, name))
			return &kpi->releases[i];
	return NULL;
}

kpi_releases kpi_from(const struct kpi *kpi, unsigned int darwin)
{
	kpi_releases all = 0;

	for (size_t i = 0; i < kpi->release_count; i++)
		if (kpi->releases[i].darwin >= darwin)
			all |= 1u << kpi->releases[i].darwin;
	return all;
}
