/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/linter/fixture_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "readers/bundle.h"

static la_ssize_t write_block(struct archive *archive, void *data, const void *buffer,
			      size_t size)
{
	(void)archive;
	strbuf_add(data, buffer, size);
	return size;
}

static struct archive *open_writer(const char *kind, struct strbuf *out)
{
	static const struct {
		const char *suffix;
		int (*format)(struct archive *);
		int (*filter)(struct archive *);
	} kinds[] = {
		{ ".tar", archive_write_set_format_pax_restricted, NULL },
		{ ".tar.xz", archive_write_set_format_pax_restricted,
		  archive_write_add_filter_xz },
		{ ".tar.gz", archive_write_set_format_pax_restricted,
		  archive_write_add_filter_gzip },
		{ ".zip", archive_write_set_format_zip, NULL },
		{ ".pkg", archive_write_set_format_xar, NULL },
		{ ".cpio", archive_write_set_format_cpio_newc, NULL },
		{ ".cpio.gz", archive_write_set_format_cpio_newc,
		  archive_write_add_filter_gzip },
		{ ".ar", archive_write_set_format_ar_svr4, NULL },
		{ ".xz", archive_write_set_format_raw, archive_write_add_filter_xz },
		{ ".zst", archive_write_set_format_raw, archive_write_add_filter_zstd },
		{ ".gz", archive_write_set_format_raw, archive_write_add_filter_gzip },
	};
	struct archive *archive = archive_write_new();

	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
		if (strcmp(kinds[i].suffix, kind))
			continue;
		kinds[i].format(archive);
		if (kinds[i].filter)
			kinds[i].filter(archive);
		archive_write_set_bytes_in_last_block(archive, 1);
		if (archive_write_open(archive, out, NULL, write_block, NULL) ==
		    ARCHIVE_OK)
			return archive;
	}
	archive_write_free(archive);
	return NULL;
}

static struct error *close_writer(struct archive *archive, const char *name)
{
	struct error *error = NULL;

	if (archive_write_close(archive) != ARCHIVE_OK)
		error = error_new(ERROR_INPUT, "cannot write %s: %s", name,
				  archive_error_string(archive));
	archive_write_free(archive);
	return error;
}

static struct error *put(struct archive *archive, struct archive_entry *entry,
			 struct span bytes)
{
	int status;

	archive_entry_set_size(entry, bytes.size);
	status = archive_write_header(archive, entry);
	if (status >= ARCHIVE_WARN && bytes.size &&
	    archive_write_data(archive, bytes.data, bytes.size) < 0)
		status = ARCHIVE_FATAL;
	return status >= ARCHIVE_WARN ? NULL
				      : error_new(ERROR_INPUT, "cannot write: %s",
						  archive_error_string(archive));
}

static uint32_t number(const json_t *member, const char *key, int base, uint32_t fallback)
{
	const json_t *value = json_object_get(member, key);

	if (json_is_string(value))
		return strtoul(json_string_value(value), NULL, base);
	return value ? json_integer_value(value) : fallback;
}

static void describe(struct archive_entry *entry, const json_t *member)
{
	const char *symlink = json_string_value(json_object_get(member, "symlink"));
	const char *hardlink = json_string_value(json_object_get(member, "hardlink"));
	bool folder = json_is_true(json_object_get(member, "folder"));

	archive_entry_set_pathname(entry,
				   json_string_value(json_object_get(member, "path")));
	archive_entry_set_filetype(entry, symlink  ? AE_IFLNK
					  : folder ? AE_IFDIR
						   : AE_IFREG);
	archive_entry_set_perm(entry, number(member, "mode", 8, folder ? 0755 : 0644));
	archive_entry_set_uid(entry, number(member, "uid", 10, 0));
	archive_entry_set_gid(entry, number(member, "gid", 10, 0));
	archive_entry_set_mtime(entry, number(member, "mtime", 10, 1700000000), 0);
	archive_entry_set_nlink(entry, 1);
	if (symlink)
		archive_entry_set_symlink(entry, symlink);
	if (hardlink)
		archive_entry_set_hardlink(entry, hardlink);
}

static struct error *add_member(struct archive *archive, const char *folder,
				const json_t *member)
{
	struct archive_entry *entry = archive_entry_new();
	const char *from = json_string_value(json_object_get(member, "from"));
	const char *text = json_string_value(json_object_get(member, "text"));
	size_t zeros = json_integer_value(json_object_get(member, "zeros"));
	_mapping_ struct mapping mapping = { 0 };
	_free_ void *memory = NULL;
	_free_ char *path = NULL;
	struct span bytes = { (const uint8_t *)text, text ? strlen(text) : 0 };
	struct error *error = from ? file_join(folder, from, &path) : NULL;

	if (!error && from)
		error = file_map(path, &mapping);
	if (from)
		bytes = mapping.bytes;
	if (zeros)
		bytes = (struct span){ memory = calloc(zeros, 1), zeros };
	describe(entry, member);
	if (!error)
		error = put(archive, entry, bytes);
	archive_entry_free(entry);
	return error;
}

struct error *fixture_pack(const char *folder, const char *kind, const json_t *list,
			   struct strbuf *out)
{
	struct archive *archive = open_writer(kind, out);
	struct error *error = NULL, *closed;

	if (!archive)
		return error_new(ERROR_INPUT, "no archive is called *%s", kind);
	for (size_t i = 0; !error && i < json_array_size(list); i++)
		error = add_member(archive, folder, json_array_get(list, i));
	closed = close_writer(archive, kind);
	if (!error)
		return closed;
	error_destroy(closed);
	return error;
}

static struct error *put_named(struct archive *archive, const char *name,
			       struct span bytes)
{
	struct archive_entry *entry = archive_entry_new();
	struct error *error;

	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	error = put(archive, entry, bytes);
	archive_entry_free(entry);
	return error;
}

static struct error *pack_deb(const char *folder, const json_t *step, struct strbuf *out)
{
	_strbuf_ struct strbuf control = STRBUF_INIT, data = STRBUF_INIT;
	struct error *error = fixture_pack(folder, ".tar.gz",
					   json_object_get(step, "control"), &control);
	struct archive *archive = open_writer(".ar", out);
	struct error *closed;

	if (!error)
		error = fixture_pack(folder, ".tar.xz", json_object_get(step, "members"),
				     &data);
	if (!error)
		error = put_named(archive, "debian-binary",
				  (struct span){ (const uint8_t *)"2.0\n", 4 });
	if (!error)
		error = put_named(archive, "control.tar.gz",
				  (struct span){ (uint8_t *)control.data,
						 control.length });
	if (!error)
		error = put_named(archive, "data.tar.xz",
				  (struct span){ (uint8_t *)data.data, data.length });
	closed = close_writer(archive, ".deb");
	if (!error)
		return closed;
	error_destroy(closed);
	return error;
}

struct error *fixture_archive(const char *folder, const json_t *step)
{
	const char *name = json_string_value(json_object_get(step, "archive"));
	const char *kind = strstr(path_base(name), ".tar");
	_strbuf_ struct strbuf out = STRBUF_INIT;
	_free_ char *path = NULL;
	struct error *error = file_join(folder, name, &path);

	if (!kind)
		kind = strstr(path_base(name), ".cpio");
	if (!kind)
		kind = strrchr(name, '.');
	if (error)
		return error;
	if (path_ends_with(name, ".deb"))
		error = pack_deb(folder, step, &out);
	else if (path_ends_with(name, ".rpm"))
		error = fixture_rpm(folder, step, &out);
	else
		error = fixture_pack(folder, kind, json_object_get(step, "members"),
				     &out);
	return error ? error : file_write(path, out.data, out.length, 0644);
}

struct error *fixture_compress(struct span bytes, const char *path)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;
	struct archive *archive = open_writer(strrchr(path, '.'), &out);
	struct error *error, *closed;

	if (!archive)
		return error_new(ERROR_INPUT, "no compression is called %s", path);
	error = put_named(archive, "data", bytes);
	closed = close_writer(archive, path);
	if (error) {
		error_destroy(closed);
		return error;
	}
	return closed ? closed : file_write(path, out.data, out.length, 0644);
}
