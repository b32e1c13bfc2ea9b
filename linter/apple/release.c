/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/apple/release.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/strbuf.h"

unsigned int releases_first(kpi_releases set)
{
	return set ? __builtin_ctz(set) : 0;
}

unsigned int releases_last(kpi_releases set)
{
	return set ? 31 - __builtin_clz(set) : 0;
}

kpi_releases releases_between(unsigned int first, unsigned int last)
{
	kpi_releases set = 0;

	for (unsigned int i = first; i <= last && i < KPI_RELEASE_LIMIT; i++)
		set |= 1u << i;
	return set;
}

kpi_releases macos_shipped(const struct kpi *kpi, enum kpi_arch arch)
{
	/* The export lists have more: other systems, and kernels that never left Apple.
	 */
	static const struct {
		unsigned int first, last;
	} shipped[] = {
		[KPI_PPC] = { 7, 9 },
		[KPI_I386] = { 8, 11 },
		[KPI_X86_64] = { 10, KPI_RELEASE_LIMIT - 1 },
		[KPI_ARM64] = { 20, KPI_RELEASE_LIMIT - 1 },
	};

	return kpi_from(kpi, 0) &
	       releases_between(shipped[arch].first, shipped[arch].last);
}

/* A release by its name in @length bytes of @text; an error lists what there is. */
static struct error *parse_release(const struct kpi *kpi, const char *text, size_t length,
				   const struct kpi_release **ret)
{
	char name[16];

	if (length < sizeof(name)) {
		snprintf(name, sizeof(name), "%.*s", (int)length, text);
		*ret = kpi_release_named(kpi, name);
		if (*ret)
			return NULL;
	}
	return error_new(ERROR_USAGE,
			 "--target macos:%.*s: no release known by that name; %s to %s "
			 "are, and 'all'",
			 (int)length, text, kpi->releases[0].macos,
			 kpi->releases[kpi->release_count - 1].macos);
}

static struct error *parse_range(const struct kpi *kpi, const char *text, size_t length,
				 kpi_releases *ret)
{
	const char *dots = memmem(text, length, "..", 2);
	const struct kpi_release *first = &kpi->releases[0],
				 *last = &kpi->releases[kpi->release_count - 1];
	struct error *error = NULL;

	if (length == 3 && !memcmp(text, "all", 3)) {
		*ret = kpi_from(kpi, 0);
		return NULL;
	}
	if (!dots) {
		error = parse_release(kpi, text, length, &first);
		last = first;
	} else {
		size_t left = dots - text, right = length - left - 2;

		if (left)
			error = parse_release(kpi, text, left, &first);
		if (!error && right)
			error = parse_release(kpi, dots + 2, right, &last);
	}
	if (error)
		return error;
	if (first->darwin > last->darwin)
		return error_new(ERROR_USAGE,
				 "--target macos:%.*s: the range runs backwards",
				 (int)length, text);
	*ret = releases_between(first->darwin, last->darwin);
	return NULL;
}

static struct error *parse_archs(const char *text, const char *spec, unsigned int *ret)
{
	*ret = 0;
	while (*text) {
		size_t length = strcspn(text, ",");
		bool known = false;

		for (unsigned int i = 0; kpi_arch_names[i]; i++)
			if (strlen(kpi_arch_names[i]) == length &&
			    !memcmp(kpi_arch_names[i], text, length)) {
				*ret |= 1u << i;
				known = true;
			}
		if (length == 6 && !memcmp(text, "arm64e", 6)) {
			*ret |= 1u << KPI_ARM64;
			known = true;
		}
		if (!known)
			return error_new(
				ERROR_USAGE,
				"--target macos:%s: no architecture '%.*s'; there "
				"are ppc, i386, x86_64 and arm64",
				spec, (int)length, text);
		text += length + (text[length] == ',');
	}
	return *ret ? NULL
		    : error_new(ERROR_USAGE,
				"--target macos:%s: an architecture is missing after '/'",
				spec);
}

struct error *macos_targets_add(struct macos_targets *targets, const struct kpi *kpi,
				const char *spec)
{
	size_t length = strcspn(spec, "/");
	unsigned int archs = ~0u;
	kpi_releases releases = 0, any = 0;
	struct error *error = parse_range(kpi, spec, length, &releases);

	if (!error && spec[length])
		error = parse_archs(spec + length + 1, spec, &archs);
	if (error)
		return error;
	for (unsigned int i = 0; i < KPI_ARCH_COUNT; i++)
		if (archs >> i & 1) {
			targets->by[i] |= releases & macos_shipped(kpi, i);
			any |= releases & macos_shipped(kpi, i);
		}
	if (!any)
		return error_new(
			ERROR_USAGE,
			"--target macos:%s: no Mac of that architecture ran that release",
			spec);
	targets->given = true;
	return NULL;
}

void macos_add_releases(const struct kpi *kpi, kpi_releases set, kpi_releases within,
			struct strbuf *out)
{
	const char *separator = "";

	set &= within;
	if (!set || set == within) {
		strbuf_adds(out, set ? "every release" : "no release");
		return;
	}
	for (size_t i = 0; i < kpi->release_count; i++) {
		size_t last = i;

		if (!(set >> kpi->releases[i].darwin & 1))
			continue;
		while (last + 1 < kpi->release_count &&
		       set >> kpi->releases[last + 1].darwin & 1)
			last++;
		strbuf_addf(out, "%s%s", separator, kpi->releases[i].macos);
		if (last > i)
			strbuf_addf(out, "%s%s", last == i + 1 ? ", " : " to ",
				    kpi->releases[last].macos);
		separator = ", ";
		i = last;
	}
}

static unsigned int darwin_of(const struct kpi *kpi, unsigned int major,
			      unsigned int minor)
{
	const struct kpi_release *newest = &kpi->releases[kpi->release_count - 1], *found;
	char name[24];

	if (!major)
		return 0;
	if (major == 10)
		snprintf(name, sizeof(name), "10.%u", minor);
	else
		snprintf(name, sizeof(name), "%u", major);
	found = kpi_release_named(kpi, name);
	if (found)
		return found->darwin;
	return major > 10 ? newest->darwin : 0;
}

unsigned int macos_darwin_of(const struct kpi *kpi, const char *version)
{
	unsigned int major = 0, minor = 0;

	if (!version || sscanf(version, "%u.%u", &major, &minor) < 1)
		return 0;
	return darwin_of(kpi, major, minor);
}

unsigned int macos_darwin_packed(const struct kpi *kpi, struct macho_version version)
{
	return darwin_of(kpi, version.packed >> 16, version.packed >> 8 & 0xff);
}
