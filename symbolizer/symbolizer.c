/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/symbolizer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/array.h"
#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "symbolizer/btf.h"
#include "symbolizer/assigned.h"
#include "symbolizer/finder.h"
#include "symbolizer/kallsyms.h"
#include "symbolizer/layout.h"
#include "symbolizer/object.h"
#include "symbolizer/source.h"

struct section {
	char *name;
	uint64_t address;
};

/* A module, or the kernel itself (name "vmlinux"). */
struct image {
	char *name, *build_id;
	uint64_t base, size;
	struct section *sections;
	size_t section_count;
	struct object *object;
	struct btf_types *types;
	bool tried; /* to find the object */
	bool types_tried;
};

struct symbolizer {
	struct finder *finder;
	struct sources *sources;
	struct kallsyms *kallsyms;
	struct image *images; /* the kernel is the first */
	size_t count, capacity;
	uint64_t kernel_offset;
	bool offset_known, cache;
};

static const char kernel_name[] = "vmlinux";

static struct error *add_image(struct symbolizer *s, const char *name, struct image **ret)
{
	char *copy = strdup(name);

	if (!copy || !array_grow(s->images, s->count, s->capacity)) {
		free(copy);
		return error_nomem();
	}
	for (char *p = copy; *p; p++)
		*p = *p == '-' ? '_' : *p;
	s->images[s->count] = (struct image){ .name = copy };
	*ret = &s->images[s->count++];
	return NULL;
}

struct error *symbolizer_create(struct symbolizer **ret)
{
	_cleanup_(symbolizer_destroy) struct symbolizer *s = calloc(1, sizeof(*s));
	struct image *kernel;
	struct error *error;

	if (!s)
		return error_nomem();
	s->cache = true;
	error = finder_create(&s->finder);
	if (!error)
		error = sources_create(&s->sources);
	if (!error)
		error = add_image(s, kernel_name, &kernel);
	if (!error)
		*ret = take(s);
	return error;
}

static void image_clear(struct image *image)
{
	for (size_t i = 0; i < image->section_count; i++)
		free(image->sections[i].name);
	free(image->sections);
	free(image->build_id);
	object_destroy(image->object);
	btf_types_destroy(image->types);
	image->sections = NULL;
	image->section_count = 0;
	image->build_id = NULL;
	image->object = NULL;
	image->types = NULL;
	image->tried = false;
	image->types_tried = false;
}

void symbolizer_destroy(struct symbolizer *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++) {
		image_clear(&s->images[i]);
		free(s->images[i].name);
	}
	free(s->images);
	kallsyms_destroy(s->kallsyms);
	sources_destroy(s->sources);
	finder_destroy(s->finder);
	free(s);
}

/* What was looked for in vain may be found by what was added. */
static void forget_failures(struct symbolizer *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (!s->images[i].object)
			s->images[i].tried = false;
}

struct error *symbolizer_add_path(struct symbolizer *s, const char *path)
{
	forget_failures(s);
	return finder_add_path(s->finder, path);
}

struct error *symbolizer_add_source_path(struct symbolizer *s, const char *path)
{
	return sources_add_path(s->sources, path);
}

struct error *symbolizer_set_release(struct symbolizer *s, const char *release)
{
	forget_failures(s);
	return finder_set_release(s->finder, release);
}

void symbolizer_set_apple(struct symbolizer *s, bool apple)
{
	finder_set_apple(s->finder, apple);
}

static struct error *set_build_id(struct image *image, const char *build_id)
{
	char *copy;

	if (!build_id || (image->build_id && !strcmp(image->build_id, build_id)))
		return NULL;
	copy = strdup(build_id);
	if (!copy)
		return error_nomem();
	/* Where it was loaded stays known when its build-id becomes so. */
	if (image->build_id)
		image_clear(image);
	else if (!image->object)
		image->tried = false;
	else if (strncmp(object_build_id(image->object), build_id, strlen(build_id)))
		image_clear(image);
	free(image->build_id);
	image->build_id = copy;
	return NULL;
}

struct error *symbolizer_set_kernel_build_id(struct symbolizer *s, const char *build_id)
{
	return set_build_id(&s->images[0], build_id);
}

void symbolizer_set_kernel_offset(struct symbolizer *s, uint64_t offset)
{
	s->kernel_offset = offset;
	s->offset_known = true;
}

void symbolizer_set_cache(struct symbolizer *s, bool cache)
{
	s->cache = cache;
}

void symbolizer_start_log(struct symbolizer *s)
{
	if (s->images[0].build_id)
		image_clear(&s->images[0]);
	s->offset_known = false;
	s->kernel_offset = 0;
	forget_failures(s);
	json_array_clear(finder_searched(s->finder));
}

static bool same_name(const char *image, const char *name)
{
	for (; *image && *name; image++, name++)
		if (*image != (*name == '-' ? '_' : *name))
			return false;
	return *image == *name;
}

/* The image of that name, made if need be; NULL means the kernel. */
static struct error *find_image(struct symbolizer *s, const char *name,
				struct image **ret)
{
	for (size_t i = 0; i < s->count; i++)
		if (same_name(s->images[i].name, name ? name : kernel_name)) {
			*ret = &s->images[i];
			return NULL;
		}
	return add_image(s, name, ret);
}

struct error *symbolizer_add_module(struct symbolizer *s,
				    const struct module_layout *layout)
{
	struct image *image;
	struct error *error = find_image(s, layout->name, &image);

	if (!error)
		error = set_build_id(image, layout->build_id);
	if (error)
		return error;
	for (size_t i = 0; i < image->section_count; i++)
		free(image->sections[i].name);
	free(image->sections);
	image->section_count = 0;
	image->base = layout->base;
	image->size = layout->size;
	image->sections = calloc(layout->section_count + 1, sizeof(*image->sections));
	if (!image->sections)
		return error_nomem();
	for (size_t i = 0; i < layout->section_count; i++) {
		char *name = strdup(layout->sections[i].name);

		if (!name)
			return error_nomem();
		image->sections[image->section_count++] =
			(struct section){ name, layout->sections[i].address };
	}
	return NULL;
}

static struct error *add_layout(void *context, const struct module_layout *layout)
{
	return symbolizer_add_module(context, layout);
}

struct error *symbolizer_add_layouts(struct symbolizer *s, const char *path)
{
	return layout_read(path, add_layout, s);
}

struct error *symbolizer_add_btf(struct symbolizer *s, const char *path)
{
	struct image *kernel = &s->images[0];
	struct btf_types *types;
	struct error *error = btf_types_load(path, NULL, &types);

	if (error)
		return error;
	btf_types_destroy(kernel->types);
	kernel->types = types;
	kernel->types_tried = true;
	return NULL;
}

struct error *symbolizer_add_kallsyms(struct symbolizer *s, const char *path)
{
	struct kallsyms *symbols;
	struct error *error = kallsyms_load(path, &symbols);

	if (error)
		return error;
	kallsyms_destroy(s->kallsyms);
	s->kallsyms = symbols;
	return NULL;
}

/* Whether a kernel is the one that runs here: by its build-id, else by its release. */
static bool running_is(const char *build_id, const char *release)
{
	_mapping_ struct mapping mapping = { 0 };
	_free_ char *notes = NULL;
	struct utsname name;
	char text[64];

	if (!build_id)
		return release && !uname(&name) && !strcmp(name.release, release);
	return layout_read_build_id("/sys/kernel/notes", text, sizeof(text)) &&
	       !strncmp(text, build_id, strlen(build_id));
}

static struct error *need_object(struct symbolizer *s, struct image *image)
{
	struct wanted wanted = { image->name, image->build_id };
	_free_ char *path = NULL;
	struct error *error;

	if (image->tried)
		return NULL;
	image->tried = true;
	error = finder_find(s->finder, &wanted, &path);
	if (!error && path)
		error = object_create(path, image->build_id, s->cache, &image->object);
	return error;
}

/*
 * Types of what has no debug file: from the stripped file itself, or of the running
 * kernel when it is the one that is asked about.
 */
static void need_types(struct symbolizer *s, struct image *image)
{
	const struct btf_types *base = image == &s->images[0] ? NULL : s->images[0].types;
	_error_ struct error *failure = NULL;
	_free_ char *path = NULL;

	if (image->types_tried)
		return;
	image->types_tried = true;
	if (image != &s->images[0]) {
		need_types(s, &s->images[0]);
		base = s->images[0].types;
		/* A module's types are told in terms of the kernel's. */
		if (!base)
			return;
	}
	if (image->object)
		failure = btf_types_load(object_path(image->object), base, &image->types);
	if (image->types || !running_is(s->images[0].build_id, finder_release(s->finder)))
		return;
	error_destroy(failure);
	failure = asprintf(&path, "/sys/kernel/btf/%s", image->name) < 0
			  ? error_nomem()
			  : btf_types_load(path, base, &image->types);
}

/* The declaration of a function without a line; owned by the caller, NULL: none. */
static char *declare(struct symbolizer *s, struct image *image, const char *function)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;
	char *ret = NULL;

	need_types(s, image);
	if (function && image->types && btf_types_declare(image->types, function, &text))
		error_destroy(strbuf_steal(&text, &ret));
	return ret;
}

/* KASLR's offset, found by a symbol that both kallsyms and the debug file have. */
static struct error *need_offset(struct symbolizer *s, struct object *kernel)
{
	static const char *const anchors[] = { "_stext", "_text", "startup_64" };

	for (size_t i = 0; !s->offset_known && s->kallsyms && i < ARRAY_LENGTH(anchors);
	     i++) {
		struct index_symbol_hit hit;
		struct kallsym symbol;
		struct error *error;
		bool found = false;

		if (!kallsyms_find(s->kallsyms, anchors[i], NULL, &symbol))
			continue;
		error = object_find_symbol(kernel, anchors[i], 0, &hit, &found);
		if (error)
			return error;
		if (found)
			symbolizer_set_kernel_offset(s, symbol.address - hit.address);
	}
	return NULL;
}

static struct error *add_places(struct symbolizer *s, const struct index_hit *hit,
				struct frame frame, struct frames *ret)
{
	enum frame_kind kind = frame.kind;

	for (size_t i = 0; i < hit->count; i++) {
		const struct place *place = &hit->places[i];
		_free_ char *source = NULL;
		struct error *error;

		frame.kind = i + 1 < hit->count ? FRAME_INLINE : kind;
		if (place->function && *place->function)
			frame.function = place->function;
		frame.file = place->short_file;
		frame.line = place->line;
		frame.column = place->column;
		if (place->file)
			source = sources_line(s->sources, place->file, place->short_file,
					      place->line);
		frame.source = source;
		error = frames_add(ret, &frame);
		if (error)
			return error;
	}
	return NULL;
}

/* A frame that has no line: what its function looks like is all there is to say. */
static struct error *add_declared(struct symbolizer *s, struct image *image,
				  struct frame *frame, struct frames *ret)
{
	_free_ char *declaration = declare(s, image, frame->function);

	frame->source = declaration;
	return frames_add(ret, frame);
}

/*
 * Looks @address of @object's own address space up. @frame has what is known already:
 * kind, raw, address, and for places given by name function, offset and size.
 */
static struct error *look_up(struct symbolizer *s, struct image *image, uint64_t address,
			     struct frame *frame, struct frames *ret)
{
	struct index_hit hit;
	const struct index_symbol_hit *symbol = &hit.symbol;
	bool step_back = frame->kind == FRAME_RETURN || frame->kind == FRAME_GUESSED;
	struct error *error;

	/* A return address at offset 0 belongs to no call in this function. */
	if (frame->function && !frame->offset)
		step_back = false;
	error = object_lookup(image->object, address - step_back, &hit);
	if (error)
		return error;
	frame->build_id = object_build_id(image->object);
	if (!*frame->build_id)
		frame->build_id = NULL;
	if (!frame->function && symbol->name) {
		frame->function = symbol->name;
		frame->offset = address - symbol->address;
		frame->size = symbol->size;
	}
	if (hit.count && hit.places[hit.count - 1].function) {
		if (!hit.has_line && !frame->confidence)
			frame->confidence = "symbol only";
		return add_places(s, &hit, *frame, ret);
	}
	if (!frame->confidence)
		frame->confidence = frame->function ? "symbol only" : "no symbol";
	return add_declared(s, image, frame, ret);
}

/* Whether nothing follows the symbol in its section. */
static struct error *is_last(struct object *object, const struct index_symbol_hit *hit,
			     bool *ret)
{
	bool found = true;

	*ret = false;
	for (size_t nth = 0; found && !*ret; nth++) {
		const char *name;
		uint64_t start, size;
		struct error *error =
			object_area(object, nth, &name, &start, &size, &found);

		if (error)
			return error;
		*ret = found && hit->address - start < size &&
		       start + size - (hit->address + hit->size) < 64;
	}
	return NULL;
}

/*
 * Whether a symbol of the file can be the one that the kernel saw: the kernel counts
 * alignment after a function as part of it, and up to a page after a section's last one.
 */
static struct error *sizes_agree(struct object *object, const struct symbol_place *place,
				 const struct index_symbol_hit *hit, bool *ret)
{
	*ret = !place->size || (hit->size <= place->size && place->size - hit->size < 64);
	if (*ret || hit->size > place->size || place->size - hit->size >= 4096)
		return NULL;
	return is_last(object, hit, ret);
}

/*
 * The address of @place in the debug file. Several functions may have the name: the
 * size decides; without one, or when none fits, *@confidence says so.
 */
static struct error *find_place(struct object *object, const struct symbol_place *place,
				uint64_t *address, const char **confidence, bool *ret)
{
	struct index_symbol_hit hit, chosen = { 0 };
	size_t fitting = 0, all = 0;
	bool agrees;

	for (bool found = true;; all++) {
		struct error *error =
			object_find_symbol(object, place->function, all, &hit, &found);

		if (error)
			return error;
		if (!found)
			break;
		error = sizes_agree(object, place, &hit, &agrees);
		if (error)
			return error;
		if (!agrees)
			continue;
		if (!fitting++ || (hit.size == place->size && chosen.size != place->size))
			chosen = hit;
	}
	*ret = fitting && place->offset <= (chosen.size ? chosen.size + 64 : UINT32_MAX);
	*address = chosen.address + place->offset;
	if (all && !fitting)
		*confidence = "the debug file is of another build: sizes differ";
	else if (!all)
		*confidence = "not in the debug file";
	else if (fitting > 1)
		*confidence = "several functions have this name";
	return NULL;
}

/* A static function's other instances are named .isra.0, .constprop.0 … */
static struct frame start_frame(const struct symbol_place *place, enum frame_kind kind)
{
	return (struct frame){
		.raw = place->raw,
		.address = place->address,
		.kind = kind,
		.function = place->function,
		.offset = place->offset,
		.size = place->size,
		.module = place->module,
		.build_id = place->build_id,
	};
}

struct error *symbolizer_resolve_place(struct symbolizer *s,
				       const struct symbol_place *place,
				       enum frame_kind kind, struct frames *ret)
{
	struct frame frame = start_frame(place, kind);
	struct image *image;
	uint64_t address;
	bool found = false;
	struct error *error = find_image(s, place->module, &image);

	if (!error && place->build_id)
		error = set_build_id(image, place->build_id);
	if (!error)
		error = need_object(s, image);
	if (error)
		return error;
	if (image->object) {
		error = find_place(image->object, place, &address, &frame.confidence,
				   &found);
		if (error)
			return error;
	}
	if (found)
		return look_up(s, image, address, &frame, ret);
	if (!frame.confidence)
		frame.confidence = place->nearest ? "nearest exported" : "symbol only";
	return add_declared(s, image, &frame, ret);
}

struct error *symbolizer_resolve_in_file(struct symbolizer *s,
					 const struct file_place *place,
					 enum frame_kind kind, struct frames *ret)
{
	struct frame frame = { .address = place->load_address, .kind = kind };
	struct image *image;
	struct error *error = find_image(s, place->module, &image);

	frame.module = place->module;
	if (!error && place->build_id)
		error = set_build_id(image, place->build_id);
	/* The file itself is asked like any other: another build of it is not used. */
	if (!error && !image->tried && place->path && !access(place->path, R_OK))
		error = finder_add_path(s->finder, place->path);
	if (!error)
		error = need_object(s, image);
	if (error)
		return error;
	if (image->object)
		return look_up(s, image, place->address, &frame, ret);
	frame.build_id = place->build_id;
	frame.confidence = "no symbol";
	return frames_add(ret, &frame);
}

/*
 * A kext is told by its base alone: that of the segment with the code, which is
 * __TEXT_EXEC where there is one.
 */
static struct error *translate_segment(struct image *image, uint64_t address,
				       uint64_t *file, bool *ret)
{
	bool found = true, executable = false;

	*ret = false;
	for (size_t nth = 0; found; nth++) {
		const char *name;
		uint64_t start, size;
		struct error *error =
			object_area(image->object, nth, &name, &start, &size, &found);

		if (error)
			return error;
		if (!found || executable || strncmp(name, "__TEXT", 6) ||
		    address - image->base >= size)
			continue;
		executable = !strcmp(name, "__TEXT_EXEC");
		*file = start + (address - image->base);
		*ret = true;
	}
	return NULL;
}

/* Turns a section's load address into the debug file's address for it. */
static struct error *translate(struct image *image, uint64_t address, uint64_t *file,
			       bool *ret)
{
	const char *name;
	uint64_t start, size;
	bool found = true;

	*ret = false;
	if (!image->section_count)
		return translate_segment(image, address, file, ret);
	for (size_t nth = 0; found && !*ret; nth++) {
		struct error *error =
			object_area(image->object, nth, &name, &start, &size, &found);

		if (error)
			return error;
		for (size_t i = 0; found && i < image->section_count; i++) {
			const struct section *section = &image->sections[i];

			if (strcmp(section->name, name) ||
			    address - section->address >= size)
				continue;
			*file = start + (address - section->address);
			*ret = true;
		}
	}
	return NULL;
}

/* Tries the modules whose layout is known. */
static struct error *resolve_in_modules(struct symbolizer *s, uint64_t address,
					struct frame *frame, struct frames *ret,
					bool *done)
{
	for (size_t i = 1; i < s->count && !*done; i++) {
		struct image *image = &s->images[i];
		uint64_t file;
		struct error *error;

		if (!image->section_count && address - image->base >= image->size)
			continue;
		error = need_object(s, image);
		if (error)
			return error;
		if (!image->object)
			continue;
		error = translate(image, address, &file, done);
		if (error)
			return error;
		if (!*done)
			continue;
		frame->module = image->name;
		return look_up(s, image, file, frame, ret);
	}
	return NULL;
}

static struct error *resolve_in_kernel(struct symbolizer *s, uint64_t address,
				       struct frame *frame, struct frames *ret,
				       bool *done)
{
	struct image *kernel = &s->images[0];
	struct error *error = need_object(s, kernel);
	const char *name;
	bool found = true;

	if (error || !kernel->object)
		return error;
	error = need_offset(s, kernel->object);
	if (error)
		return error;
	address -= s->kernel_offset;
	for (size_t nth = 0; found && !*done; nth++) {
		uint64_t start, size;

		error = object_area(kernel->object, nth, &name, &start, &size, &found);
		if (error)
			return error;
		*done = found && address - start < size;
	}
	return *done ? look_up(s, kernel, address, frame, ret) : NULL;
}

/* A name from kallsyms leads on to the module's or kernel's debug file. */
static struct error *resolve_by_name(struct symbolizer *s, uint64_t address,
				     const struct frame *frame, struct frames *ret,
				     bool *done)
{
	struct kallsym symbol;
	struct symbol_place place = { .raw = frame->raw, .address = address };

	if (!s->kallsyms || !kallsyms_at(s->kallsyms, address, &symbol))
		return NULL;
	place.function = symbol.name;
	place.offset = address - symbol.address;
	place.module = symbol.module;
	place.nearest = symbol.nearest;
	*done = true;
	return symbolizer_resolve_place(s, &place, frame->kind, ret);
}

struct error *symbolizer_resolve(struct symbolizer *s, uint64_t address,
				 enum frame_kind kind, struct frames *ret)
{
	struct frame frame = { .address = address, .kind = kind };
	bool done = false;
	struct error *error = resolve_in_modules(s, address, &frame, ret, &done);

	if (!error && !done)
		error = resolve_in_kernel(s, address, &frame, ret, &done);
	if (!error && !done)
		error = resolve_by_name(s, address, &frame, ret, &done);
	if (error || done)
		return error;
	frame.confidence = "no symbol";
	return frames_add(ret, &frame);
}

struct error *symbolizer_assigned(struct symbolizer *s, uint64_t address, uint64_t bytes,
				  bool direct, struct assigned *ret)
{
	*ret = (struct assigned){ 0 };
	for (size_t i = 1; i < s->count; i++) {
		struct image *image = &s->images[i];
		struct error *error;
		uint64_t file;
		bool found;

		if (!image->section_count && address - image->base >= image->size)
			continue;
		error = need_object(s, image);
		if (!error && image->object)
			error = translate(image, address, &file, &found);
		if (error)
			return error;
		if (image->object && found)
			return object_assigned(image->object, file, bytes, direct, ret);
	}
	return NULL;
}

struct error *symbolizer_kernel_file(struct symbolizer *s, const char **ret)
{
	struct error *error = need_object(s, &s->images[0]);

	*ret = s->images[0].object ? object_path(s->images[0].object) : NULL;
	return error;
}

struct error *symbolizer_searched(const struct symbolizer *s, json_t **ret)
{
	*ret = json_deep_copy(finder_searched(s->finder));
	return *ret ? NULL : error_nomem();
}

struct error *symbolizer_each_file(struct symbolizer *s,
				   struct error *(*visit)(void *context,
							  const char *path),
				   void *context)
{
	for (size_t i = 0; i < s->count; i++) {
		struct error *error =
			s->images[i].object
				? visit(context, object_path(s->images[i].object))
				: NULL;

		if (error)
			return error;
	}
	return NULL;
}

/*
 * gdb may be started elsewhere, so that the path is whole; and it reads nothing that is
 * compressed: such a file is told, and its command left out.
 */
static void add_gdb_file(const struct object *object, const char *name,
			 struct strbuf *out)
{
	static const char *const packed[] = { ".xz", ".zst", ".gz" };
	const char *path = object_path(object), *end = path + strlen(path);
	_free_ char *whole = realpath(path, NULL);

	for (size_t i = 0; i < ARRAY_LENGTH(packed); i++)
		if (end - path > 4 && !strcmp(end - strlen(packed[i]), packed[i]))
			strbuf_addf(out,
				    "# %s: gdb cannot read %s: unpack it, and take the "
				    "mark off the next line\n# ",
				    name, path);
	strbuf_addf(out, "add-symbol-file '%s'", whole ? whole : path);
}

static struct error *add_gdb_module(const struct image *image, struct strbuf *out)
{
	if (!image->object) {
		strbuf_addf(out, "# %s: no debug file\n", image->name);
		return NULL;
	}
	add_gdb_file(image->object, image->name, out);
	for (size_t i = 0; i < image->section_count; i++) {
		const struct section *section = &image->sections[i];

		/* gdb takes the first without -s as .text; name them all. */
		if (section->name[0] != '.' || !strncmp(section->name, ".note", 5) ||
		    !strcmp(section->name, ".strtab") ||
		    !strcmp(section->name, ".symtab"))
			continue;
		strbuf_addf(out, " -s %s 0x%llx", section->name,
			    (unsigned long long)section->address);
	}
	if (!image->section_count && image->base)
		strbuf_addf(out, " 0x%llx", (unsigned long long)image->base);
	strbuf_addc(out, '\n');
	return NULL;
}

struct error *symbolizer_write_gdb(struct symbolizer *s, struct strbuf *out)
{
	struct error *error = need_object(s, &s->images[0]);

	if (!error && !s->images[0].object)
		strbuf_adds(out, "# vmlinux: no debug file; --debug PATH adds one\n");
	if (!error && s->images[0].object) {
		error = need_offset(s, s->images[0].object);
		if (!s->offset_known)
			strbuf_adds(out,
				    "# the offset of KASLR is not known: taken as 0; "
				    "--kallsyms tells it\n");
		add_gdb_file(s->images[0].object, "vmlinux", out);
		strbuf_addf(out, " -o 0x%llx\n", (unsigned long long)s->kernel_offset);
	}
	for (size_t i = 1; !error && i < s->count; i++) {
		if (!s->images[i].section_count && !s->images[i].base)
			continue;
		error = need_object(s, &s->images[i]);
		if (!error)
			error = add_gdb_module(&s->images[i], out);
	}
	return error ? error : strbuf_error(out);
}
