/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An .rpm's header through librpm. Where it begins is found here, with bounds: lead,
 * signature header (padded to 8 bytes), header. Source: rpm's docs/manual/format_v4.md.
 */
#include <rpm/header.h>
#include <rpm/rpmtag.h>
#include <rpm/rpmtd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/array.h"
#include "common/error.h"
#include "readers/package_state.h"

enum {
	LEAD = 96,
	INTRO = 16, /* magic, reserved, number of entries, bytes of data */
	ENTRY = 16,
	ENTRIES_MAXIMUM = 65536,
	DATA_MAXIMUM = 256 << 20,
};

static uint32_t big32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

/* The header structure at @offset: its index and data without the magic. */
static bool find_header(struct span bytes, size_t offset, struct span *ret)
{
	static const uint8_t magic[] = { 0x8e, 0xad, 0xe8, 0x01 };
	uint32_t entries, data;
	struct span intro;

	if (!span_slice(bytes, offset, INTRO, &intro) ||
	    memcmp(intro.data, magic, sizeof(magic)))
		return false;
	entries = big32(intro.data + 8);
	data = big32(intro.data + 12);
	if (entries > ENTRIES_MAXIMUM || data > DATA_MAXIMUM)
		return false;
	return span_slice(bytes, offset + 8, 8 + (uint64_t)entries * ENTRY + data, ret);
}

static struct error *read_string(Header header, rpmTag tag, char **slot)
{
	const char *text = headerGetString(header, tag);

	return text ? package_set(slot, text, strlen(text)) : NULL;
}

static struct error *read_list(Header header, rpmTag tag, char ***list, size_t *count,
			       size_t *capacity)
{
	struct error *error = NULL;
	struct rpmtd_s data;
	const char *text;

	if (!headerGet(header, tag, &data, HEADERGET_MINMEM))
		return NULL;
	while (!error && (text = rpmtdNextString(&data)))
		error = package_add(list, count, capacity, text, strlen(text));
	rpmtdFreeData(&data);
	return error;
}

static struct error *read_scripts(Header header, struct package_info *info)
{
	static const struct {
		rpmTag tag;
		const char *name;
	} scripts[] = {
		{ RPMTAG_PREIN, "%pre" },	  { RPMTAG_POSTIN, "%post" },
		{ RPMTAG_PREUN, "%preun" },	  { RPMTAG_POSTUN, "%postun" },
		{ RPMTAG_PRETRANS, "%pretrans" }, { RPMTAG_POSTTRANS, "%posttrans" },
	};
	struct error *error = NULL;

	for (size_t i = 0; !error && i < ARRAY_LENGTH(scripts); i++) {
		const char *text = headerGetString(header, scripts[i].tag);

		if (text)
			error = package_add_script(info, scripts[i].name, text,
						   strlen(text));
	}
	return error;
}

/* The newest entry, which is the first: headerGetString() has none of several. */
static struct error *read_changelog(Header header, struct package_info *info)
{
	struct error *error = NULL;
	const uint32_t *seconds;
	struct rpmtd_s data;
	const char *text;
	struct tm when;

	if (headerGet(header, RPMTAG_CHANGELOGNAME, &data, HEADERGET_MINMEM)) {
		text = rpmtdNextString(&data);
		if (text)
			error = package_set(&info->changelog, text, strlen(text));
		rpmtdFreeData(&data);
	}
	if (headerGet(header, RPMTAG_CHANGELOGTIME, &data, HEADERGET_MINMEM)) {
		seconds = rpmtdNextUint32(&data);
		if (seconds && gmtime_r(&(time_t){ *seconds }, &when))
			info->changelog_year = when.tm_year + 1900;
		rpmtdFreeData(&data);
	}
	return error;
}

static struct error *read_tags(Header header, struct package_info *info)
{
	struct error *error = read_string(header, RPMTAG_NAME, &info->name);

	if (!error)
		error = read_string(header, RPMTAG_VERSION, &info->version);
	if (!error)
		error = read_string(header, RPMTAG_RELEASE, &info->release);
	if (!error)
		error = read_string(header, RPMTAG_ARCH, &info->architecture);
	if (!error)
		error = read_string(header, RPMTAG_VENDOR, &info->vendor);
	if (!error)
		error = read_string(header, RPMTAG_DISTRIBUTION, &info->distribution);
	if (!error)
		error = read_list(header, RPMTAG_REQUIRENAME, &info->requires,
				  &info->require_count, &info->require_capacity);
	if (!error)
		error = read_list(header, RPMTAG_PROVIDENAME, &info->provides,
				  &info->provide_count, &info->provide_capacity);
	if (!error)
		error = read_list(header, RPMTAG_SUPPLEMENTNAME, &info->supplements,
				  &info->supplement_count, &info->supplement_capacity);
	if (!error)
		error = read_changelog(header, info);
	if (!error)
		error = read_scripts(header, info);
	info->known = info->name;
	return error;
}

struct error *package_read_rpm(struct span bytes, struct package_info *info)
{
	static const char broken[] = "its header makes no sense";
	struct span signature, tags;
	struct error *error;
	size_t offset;
	Header header;

	if (!find_header(bytes, LEAD, &signature))
		return package_set(&info->problem, broken, strlen(broken));
	offset = signature.data + signature.size - bytes.data;
	offset = (offset + 7) & ~(size_t)7;
	if (!find_header(bytes, offset, &tags))
		return package_set(&info->problem, broken, strlen(broken));
	header = headerImport((void *)tags.data, tags.size, HEADERIMPORT_COPY);
	if (!header)
		return package_set(&info->problem, broken, strlen(broken));
	error = read_tags(header, info);
	headerFree(header);
	return error;
}
