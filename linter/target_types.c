/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/target_types.h"

#include <bpf/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/array.h"
#include "common/error.h"
#include "common/file.h"
#include "linter/linux_target.h"
#include "readers/bundle.h"
#include "readers/elf.h"
#include "readers/kernel_image.h"

enum { DEPTH = 8 };

struct named_type {
	const char *name;
	uint32_t id;
};

struct target_types {
	struct btf *btf;
	struct named_type *names; /* structures, sorted */
	size_t count, capacity;
};

static void destroy(void *state)
{
	struct target_types *types = state;

	btf__free(types->btf);
	free(types->names);
	free(types);
}

static int compare_names(const void *a, const void *b)
{
	const struct named_type *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static struct error *index_names(struct target_types *types)
{
	for (uint32_t id = 1; id < btf__type_cnt(types->btf); id++) {
		const struct btf_type *t = btf__type_by_id(types->btf, id);
		const char *name = btf__name_by_offset(types->btf, t->name_off);

		if (!btf_is_struct(t) || !name || !*name)
			continue;
		if (!array_grow(types->names, types->count, types->capacity))
			return error_nomem();
		types->names[types->count++] = (struct named_type){ name, id };
	}
	if (types->count)
		qsort(types->names, types->count, sizeof(*types->names), compare_names);
	return NULL;
}

static struct error *from_btf(struct span bytes, struct target_types *types)
{
	types->btf = btf__new(bytes.data, bytes.size);
	if (!types->btf)
		return error_new(ERROR_INPUT, "its BTF cannot be read");
	return index_names(types);
}

static struct error *from_elf(const char *path, struct span bytes,
			      struct target_types *types)
{
	_cleanup_(elf_reader_destroy) struct elf *elf = NULL;
	struct error *error = elf_reader_create(path, bytes, &elf);
	const struct elf_section *section;
	struct span part;

	if (error)
		return error;
	section = elf_find(elf, ".BTF");
	if (!section || !elf_bytes(elf, section, &part))
		return error_new(ERROR_INPUT, "%s has no BTF", path);
	return from_btf(part, types);
}

static struct error *from_file(const char *path, struct target_types *types)
{
	_mapping_ struct mapping mapping = { 0 };
	_content_ struct content image = { 0 };
	struct error *error = file_map(path, &mapping);

	if (!error)
		error = kernel_image_open(path, mapping.bytes, &image);
	return error ? error : from_elf(path, image.bytes, types);
}

/* The running kernel's BTF, whose file says no size. */
static struct error *from_sysfs(const struct linux_target *target,
				struct target_types *types)
{
	struct utsname name;

	if (uname(&name) || !target->release || strcmp(name.release, target->release))
		return NULL;
	types->btf = btf__load_vmlinux_btf();
	return types->btf ? index_names(types) : NULL;
}

static struct error *read_types(const struct linux_target *target,
				struct target_types *types)
{
	for (size_t i = 0; i < 2 && target->folder; i++) {
		const char *slash = strrchr(target->folder, '/');
		int above = slash ? (int)(slash - target->folder) : 0;
		_free_ char *path = NULL;
		/* the folder may be a link: its name's parent is meant, not its own */
		int n = i ? asprintf(&path, "%.*s%svmlinuz", above, target->folder,
				     slash ? "/" : "")
			  : asprintf(&path, "%s/vmlinux", target->folder);

		if (n < 0)
			return path = NULL, error_nomem();
		if (!access(path, R_OK))
			return from_file(path, types);
	}
	if (target->release) {
		_free_ char *path = NULL;

		if (asprintf(&path, "/boot/vmlinuz-%s", target->release) < 0)
			return path = NULL, error_nomem();
		if (!access(path, R_OK))
			return from_file(path, types);
	}
	return from_sysfs(target, types);
}

struct error *target_types_get(struct linter *linter, const struct linux_target *target,
			       const struct target_types **ret)
{
	struct target_types *types = linter_state(linter, target);
	struct error *error;

	if (!types) {
		types = calloc(1, sizeof(*types));
		if (!types)
			return error_nomem();
		error = linter_set_state(linter, target, types, destroy);
		if (!error)
			error = read_types(target, types);
		if (error)
			return error;
	}
	*ret = types->btf ? types : NULL;
	return NULL;
}

static const struct named_type *find(const struct target_types *types, const char *name)
{
	struct named_type key = { .name = name };

	return types->count ? bsearch(&key, types->names, types->count, sizeof(key),
				      compare_names)
			    : NULL;
}

/* Two structures of one name: nobody knows which of them is meant. */
static bool is_alone(const struct target_types *types, const struct named_type *t)
{
	return (t == types->names || strcmp(t[-1].name, t->name)) &&
	       (t == types->names + types->count - 1 || strcmp(t[1].name, t->name));
}

bool target_types_size(const struct target_types *types, const char *name, uint64_t *ret)
{
	const struct named_type *t = find(types, name);

	if (!t || !is_alone(types, t))
		return false;
	*ret = btf__type_by_id(types->btf, t->id)->size;
	return true;
}

static bool find_member(const struct btf *btf, uint32_t id, const char *name,
			uint64_t base, unsigned int depth, uint64_t *ret)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	const struct btf_member *m = t ? btf_members(t) : NULL;

	if (!t || depth > DEPTH || (!btf_is_struct(t) && !btf_is_union(t)))
		return false;
	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		const char *text = btf__name_by_offset(btf, m[i].name_off);
		uint64_t offset = base + btf_member_bit_offset(t, i) / 8;

		if (text && *text) {
			if (strcmp(text, name))
				continue;
			*ret = offset;
			return true;
		}
		if (find_member(btf, m[i].type, name, offset, depth + 1, ret))
			return true;
	}
	return false;
}

bool target_types_member(const struct target_types *types, const char *name,
			 const char *member, uint64_t *ret)
{
	const struct named_type *t = find(types, name);

	return t && find_member(types->btf, t->id, member, 0, 0, ret);
}
