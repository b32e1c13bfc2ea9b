/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our reader against llvm's on files that clang and lld make, and on whatever lies in
 * $BOOKEND_MACHO_CORPUS; then files that were damaged on purpose.
 */
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "common/array.h"
#include "common/file.h"
#include "common/process.h"
#include "common/strbuf.h"

#include "readers/macho.h"
#include "tests/check_main.h"

static char *fixtures;

static char *fixture(const char *name)
{
	char *path = NULL;

	ck_assert_ok(file_join(fixtures, name, &path));
	return path;
}

static void run_llvm(struct strbuf *out, const char *const *argv)
{
	struct process_options options = { .output_limit = 256 << 20 };
	struct process_result result = { 0 };

	ck_assert_ok(process_run(argv, &options, &result));
	ck_assert_msg(result.status == 0, "%s failed on %s", argv[0], argv[2]);
	strbuf_add(out, strbuf_string(&result.output), result.output.length);
	strbuf_deinit(&result.output);
}

static char symbol_letter(const struct macho *m, const struct macho_symbol *s)
{
	char letter = '?';

	switch (s->type & MACHO_N_TYPE) {
	case MACHO_N_UNDF:
		letter = s->value ? 'c' : 'u';
		break;
	case MACHO_N_ABS:
		letter = 'a';
		break;
	case MACHO_N_INDR:
		letter = 'i';
		break;
	case MACHO_N_SECT: {
		const struct macho_section *in;

		letter = 's';
		if (s->section == 0 || s->section > m->section_count)
			break;
		in = &m->sections[s->section - 1];
		if (!strcmp(in->segment, "__TEXT") && !strcmp(in->name, "__text"))
			letter = 't';
		else if (!strcmp(in->segment, "__TEXT_EXEC"))
			letter = 's';
		else if (!strcmp(in->segment, "__DATA") && !strcmp(in->name, "__data"))
			letter = 'd';
		else if (!strcmp(in->segment, "__DATA") && !strcmp(in->name, "__bss"))
			letter = 'b';
		break;
	}
	}
	if (s->type & MACHO_N_EXT)
		letter -= 'a' - 'A';
	return letter;
}

/* As `llvm-nm -ap --format=posix` writes it. */
static void write_symbols(const struct macho *m, struct strbuf *out)
{
	struct macho_symbol s;

	for (size_t i = 0; macho_symbol(m, i, &s); i++) {
		if (s.type & MACHO_N_STAB)
			strbuf_addf(out, "%s - %" PRIx64 " 0\n", s.name, s.value);
		else
			strbuf_addf(out, "%s %c %" PRIx64 " 0\n", s.name,
				    symbol_letter(m, &s), s.value);
	}
}

/* llvm's lines, less what it prints of files rather than of symbols. */
static void only_symbols(const char *text, struct strbuf *out)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (length && text[length - 1] != ':')
			strbuf_add(out, text, length + (text[length] == '\n'));
		text += length + (text[length] == '\n');
	}
}

static void write_sections(const struct macho *m, struct strbuf *out)
{
	for (size_t i = 0; i < m->section_count; i++) {
		const struct macho_section *s = &m->sections[i];

		strbuf_addf(out, "%s %s %" PRIX64 " %" PRIX64 " %u %u\n", s->name,
			    s->segment, s->address, s->size, s->offset,
			    s->relocation_count);
	}
}

/* The same lines from what llvm-readobj --sections says of one architecture. */
static void only_sections(const char *text, const char *arch, struct strbuf *out)
{
	char name[32] = "", segment[32] = "", word[64], value[64];
	unsigned long long address = 0, size = 0, offset = 0, count;
	bool here = false;

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		if (sscanf(text, " %63[A-Za-z]: %63s", word, value) != 2)
			continue;
		if (!strcmp(word, "Arch"))
			here = !strcmp(value, arch);
		else if (!strcmp(word, "Name"))
			snprintf(name, sizeof(name), "%.16s", value);
		else if (!strcmp(word, "Segment"))
			snprintf(segment, sizeof(segment), "%.16s", value);
		else if (!strcmp(word, "Address"))
			address = strtoull(value, NULL, 0);
		else if (!strcmp(word, "Size"))
			size = strtoull(value, NULL, 0);
		else if (!strcmp(word, "Offset"))
			offset = strtoull(value, NULL, 0);
		else if (!strcmp(word, "RelocationCount") && here) {
			count = strtoull(value, NULL, 0);
			strbuf_addf(out, "%s %s %llX %llX %llu %llu\n", name, segment,
				    address, size, offset, count);
		}
	}
}

static void compare_slice(const char *path, const struct macho_slice *slice)
{
	_cleanup_(macho_destroy) struct macho *m = NULL;
	_strbuf_ struct strbuf theirs = STRBUF_INIT, ours = STRBUF_INIT,
			       raw = STRBUF_INIT, raw_sections = STRBUF_INIT;
	char buffer[MACHO_ARCH_SIZE], option[64], uuid[40];
	const char *arch = macho_arch_name(slice->cputype, slice->cpusubtype, buffer);
	const char *readobj_arch = !strcmp(arch, "ppc")	      ? "powerpc"
				   : !strcmp(arch, "arm64e")  ? "aarch64"
				   : !strcmp(arch, "arm64")   ? "aarch64"
				   : !strcmp(arch, "x86_64h") ? "x86_64"
							      : arch;

	ck_assert_ok(macho_create(slice->bytes, &m));
	ck_assert_uint_eq(m->problem_count, 0);
	snprintf(option, sizeof(option), "--arch=%s", arch);
	run_llvm(&raw, (const char *[]){ "llvm-nm-14", "-ap", path, "--format=posix",
					 option, NULL });
	only_symbols(strbuf_string(&raw), &theirs);
	write_symbols(m, &ours);
	ck_assert_msg(!strcmp(strbuf_string(&ours), strbuf_string(&theirs)),
		      "%s (%s): symbols differ from llvm-nm's:\n%s\n--\n%s", path, arch,
		      strbuf_string(&ours), strbuf_string(&theirs));

	strbuf_truncate(&theirs, 0);
	strbuf_truncate(&ours, 0);
	run_llvm(&raw_sections,
		 (const char *[]){ "llvm-readobj-14", "--sections", path, NULL });
	only_sections(strbuf_string(&raw_sections), readobj_arch, &theirs);
	write_sections(m, &ours);
	ck_assert_msg(!strcmp(strbuf_string(&ours), strbuf_string(&theirs)),
		      "%s (%s): sections differ:\n%s\n--\n%s", path, arch,
		      strbuf_string(&ours), strbuf_string(&theirs));

	strbuf_truncate(&theirs, 0);
	run_llvm(&theirs, (const char *[]){ "llvm-dwarfdump-14", "--uuid", path, NULL });
	if (!m->has_uuid)
		return;
	for (size_t i = 0, at = 0; i < 16; i++)
		at += snprintf(uuid + at, sizeof(uuid) - at, "%s%02X",
			       i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			       m->uuid[i]);
	ck_assert_msg(strstr(strbuf_string(&theirs), uuid), "%s: %s is not in %s", path,
		      uuid, strbuf_string(&theirs));
}

static void compare_file(const char *path)
{
	_macho_file_ struct macho_file file = { 0 };
	_mapping_ struct mapping mapping = { 0 };

	ck_assert_ok(file_map(path, &mapping));
	ck_assert_ok(macho_file_open(mapping.bytes, &file));
	for (size_t i = 0; i < file.count; i++)
		compare_slice(path, &file.slices[i]);
}

static const char *const made[] = {
	"small.x86_64.o", "small.arm64.o", "object.i386.o", "object.x86_64.o",
	"small.x86_64",	  "small.arm64",   "small.fat",	    "every_arch",
};

START_TEST(agrees_with_llvm_on_symbols_sections_and_uuid)
{
	_free_ char *path = fixture(made[_i]);

	compare_file(path);
}
END_TEST

static size_t corpus_count;

static int compare_corpus_file(const char *path, const struct stat *st, int type,
			       struct FTW *ftw)
{
	_mapping_ struct mapping mapping = { 0 };

	(void)ftw;
	if (type != FTW_F || st->st_size < 4)
		return 0;
	ck_assert_ok(file_map(path, &mapping));
	if (!macho_recognize(mapping.bytes))
		return 0;
	corpus_count++;
	compare_file(path);
	return 0;
}

START_TEST(agrees_with_llvm_on_a_corpus_of_your_own)
{
	const char *corpus = getenv("BOOKEND_MACHO_CORPUS");

	if (!corpus)
		return;
	ck_assert_int_eq(nftw(corpus, compare_corpus_file, 16, FTW_PHYS), 0);
	ck_assert_uint_gt(corpus_count, 0);
	printf("compared with llvm: %zu files of %s\n", corpus_count, corpus);
}
END_TEST

static bool refers(const struct macho_fixups *fixups, const char *symbol,
		   enum macho_reference kind)
{
	for (size_t i = 0; i < fixups->count; i++)
		if (fixups->items[i].symbol && !strcmp(fixups->items[i].symbol, symbol) &&
		    fixups->items[i].kind == kind)
			return true;
	return false;
}

static struct macho *open_made(const char *name, struct mapping *mapping)
{
	_macho_file_ struct macho_file file = { 0 };
	_free_ char *path = fixture(name);
	struct macho *m = NULL;

	ck_assert_ok(file_map(path, mapping));
	ck_assert_ok(macho_file_open(mapping->bytes, &file));
	ck_assert_ok(macho_create(file.slices[0].bytes, &m));
	return m;
}

START_TEST(a_dsym_is_known_by_its_uuid_and_holds_dwarf)
{
	_mapping_ struct mapping one = { 0 }, other = { 0 };
	_cleanup_(macho_destroy) struct macho *code = open_made("small.x86_64", &one);
	_cleanup_(macho_destroy) struct macho *dsym = open_made("small.dwarf", &other);
	const struct macho_section *info =
		macho_find_section(dsym, "__DWARF", "__debug_info");

	ck_assert_uint_eq(dsym->filetype, MACHO_DSYM);
	ck_assert_uint_eq(dsym->problem_count, 0);
	ck_assert(code->has_uuid && dsym->has_uuid);
	ck_assert_mem_eq(code->uuid, dsym->uuid, 16);
	ck_assert_ptr_nonnull(info);
	ck_assert_uint_gt(info->bytes.size, 0);
}
END_TEST

START_TEST(finds_kmod_info_in_bundles_and_objects)
{
	static const struct {
		const char *file, *name, *version;
	} cases[] = {
		{ "small.x86_64", "org.example.small", "1.2.3" },
		{ "small.arm64", "org.example.small", "1.2.3" },
		{ "object.i386.o", "org.example.object", "4.5" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_mapping_ struct mapping mapping = { 0 };
		_cleanup_(macho_destroy) struct macho *m =
			open_made(cases[i].file, &mapping);
		struct macho_kmod kmod;

		ck_assert(macho_kmod_info(m, &kmod));
		ck_assert_str_eq(kmod.name, cases[i].name);
		ck_assert_str_eq(kmod.version, cases[i].version);
	}
}
END_TEST

START_TEST(tells_calls_from_pointers)
{
	static const struct {
		const char *file, *symbol;
		enum macho_reference kind;
	} cases[] = {
		{ "small.x86_64.o", "_printf", MACHO_REFERENCE_BRANCH },
		{ "object.i386.o", "_printf", MACHO_REFERENCE_BRANCH },
		{ "small.arm64.o", "_printf", MACHO_REFERENCE_BRANCH },
		{ "small.x86_64", "_printf", MACHO_REFERENCE_BRANCH },
		{ "small.x86_64", "_version_major", MACHO_REFERENCE_POINTER },
		{ "small.arm64", "_version_major", MACHO_REFERENCE_POINTER },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_mapping_ struct mapping mapping = { 0 };
		_macho_fixups_ struct macho_fixups fixups = { 0 };
		_cleanup_(macho_destroy) struct macho *m =
			open_made(cases[i].file, &mapping);

		ck_assert_ok(macho_fixups_read(m, &fixups));
		ck_assert(!fixups.incomplete);
		ck_assert_msg(refers(&fixups, cases[i].symbol, cases[i].kind),
			      "%s: %s not found", cases[i].file, cases[i].symbol);
	}
}
END_TEST

START_TEST(weak_imports_are_weak)
{
	_mapping_ struct mapping mapping = { 0 };
	_cleanup_(macho_destroy) struct macho *m = open_made("object.i386.o", &mapping);
	struct macho_symbol s;
	bool found = false;

	for (size_t i = 0; macho_symbol(m, i, &s); i++)
		if (!strcmp(s.name, "_sometimes"))
			found = s.desc & MACHO_WEAK_REF;
	ck_assert(found);
}
END_TEST

START_TEST(reads_versions_and_function_starts)
{
	_mapping_ struct mapping mapping = { 0 };
	_cleanup_(macho_destroy) struct macho *m = open_made("small.x86_64", &mapping);
	_free_ uint64_t *starts = NULL;
	char text[24];
	size_t count;

	ck_assert_uint_eq(m->platform, 1);
	ck_assert_str_eq(macho_version_text(m->minimum, text), "10.15");
	ck_assert_ok(macho_function_starts(m, &starts, &count));
	ck_assert_uint_eq(count, 4);
	ck_assert_uint_lt(starts[0], starts[3]);
}
END_TEST

START_TEST(refuses_overlapping_doubled_and_endless_slices)
{
	uint8_t bytes[256] = { 0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2 };
	struct macho_file file;

	memcpy(bytes + 8, "\x01\0\0\x07\0\0\0\x03\0\0\0\x40\0\0\0\x20\0\0\0\0", 20);
	memcpy(bytes + 28, "\0\0\0\x07\0\0\0\x03\0\0\0\x50\0\0\0\x20\0\0\0\0", 20);
	ck_assert_fails(macho_file_open((struct span){ bytes, 256 }, &file), "overlap");
	memcpy(bytes + 28, "\x01\0\0\x07\0\0\0\x03\0\0\0\x80\0\0\0\x20\0\0\0\0", 20);
	ck_assert_fails(macho_file_open((struct span){ bytes, 256 }, &file),
			"two slices for x86_64");
	memcpy(bytes + 28, "\0\0\0\x07\0\0\0\x03\xff\xff\xff\xf0\0\0\0\x20\0\0\0\0", 20);
	ck_assert_fails(macho_file_open((struct span){ bytes, 256 }, &file),
			"leaves the file");
	memcpy(bytes + 28, "\0\0\0\x07\0\0\0\x03\0\0\0\x80\0\0\0\x20\0\0\0\0", 20);
	memcpy(bytes + 0x80, "\xca\xfe\xba\xbe\0\0\0\x01", 8);
	ck_assert_fails(macho_file_open((struct span){ bytes, 256 }, &file),
			"itself fat");
}
END_TEST

START_TEST(a_java_class_is_no_fat_file)
{
	static const uint8_t class[] = { 0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 0x34 };

	ck_assert(!macho_recognize((struct span){ class, sizeof(class) }));
}
END_TEST

/* Every use of a slice, as rules make it. */
static void use(struct span bytes)
{
	_cleanup_(macho_destroy) struct macho *m = NULL;
	_macho_fixups_ struct macho_fixups fixups = { 0 };
	_free_ uint64_t *starts = NULL;
	struct macho_symbol s;
	struct macho_kmod kmod;
	size_t count;
	size_t length = 0;

	error_destroy(macho_create(bytes, &m));
	if (!m)
		return;
	for (size_t i = 0; macho_symbol(m, i, &s); i++)
		length += strlen(s.name);
	macho_kmod_info(m, &kmod);
	error_destroy(macho_fixups_read(m, &fixups));
	error_destroy(macho_function_starts(m, &starts, &count));
}

START_TEST(survives_every_truncation_and_many_flips)
{
	_mapping_ struct mapping mapping = { 0 };
	_cleanup_(macho_destroy) struct macho *m = open_made("small.x86_64", &mapping);
	uint32_t seed = 1;

	for (size_t size = 0; size < mapping.bytes.size; size += 1 + size / 256) {
		_free_ uint8_t *part = malloc(size ? size : 1);

		memcpy(part, mapping.bytes.data, size);
		use((struct span){ part, size });
	}
	for (unsigned int i = 0; i < 4000; i++) {
		_free_ uint8_t *copy = malloc(mapping.bytes.size);

		memcpy(copy, mapping.bytes.data, mapping.bytes.size);
		for (unsigned int j = 0; j < 4; j++) {
			seed = seed * 1103515245 + 12345;
			copy[4 + (seed >> 8) % 1400] = seed >> 24;
		}
		use((struct span){ copy, mapping.bytes.size });
	}
}
END_TEST

/* DO_BIND_ULEB_TIMES_SKIPPING, 2^63 times, going nowhere, before any symbol is named. */
START_TEST(bindings_of_nothing_end)
{
	static const uint8_t code[] = { 0x72, 0x00, 0xc0, 0xff, 0xff, 0xff, 0xff, 0xff,
					0xff, 0xff, 0xff, 0x7f, 0xf8, 0xff, 0xff, 0xff,
					0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x00 };
	_mapping_ struct mapping mapping = { 0 };
	_macho_fixups_ struct macho_fixups fixups = { 0 };
	_cleanup_(macho_destroy) struct macho *m = open_made("small.x86_64", &mapping);

	m->bind_opcodes = (struct span){ code, sizeof(code) };
	ck_assert_ok(macho_fixups_read(m, &fixups));
	ck_assert(fixups.incomplete);
}
END_TEST

START_TEST(tells_where_a_table_leaves_the_slice)
{
	_mapping_ struct mapping mapping = { 0 };
	_cleanup_(macho_destroy) struct macho *whole =
						      open_made("small.x86_64", &mapping),
					      *part = NULL;

	ck_assert_ok(macho_create((struct span){ mapping.bytes.data, 8192 }, &part));
	ck_assert_uint_gt(part->problem_count, 0);
	ck_assert_ptr_nonnull(strstr(part->problems[0].text, "leaves the slice"));
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("macho");
	TCase *tcase = tcase_create("macho");

	(void)argc;
	fixtures = strdup(argv[0]);
	*strrchr(fixtures, '/') = 0;
	tcase_set_timeout(tcase, 600);
	tcase_add_loop_test(tcase, agrees_with_llvm_on_symbols_sections_and_uuid, 0,
			    ARRAY_LENGTH(made));
	tcase_add_test(tcase, agrees_with_llvm_on_a_corpus_of_your_own);
	tcase_add_test(tcase, a_dsym_is_known_by_its_uuid_and_holds_dwarf);
	tcase_add_test(tcase, finds_kmod_info_in_bundles_and_objects);
	tcase_add_test(tcase, tells_calls_from_pointers);
	tcase_add_test(tcase, weak_imports_are_weak);
	tcase_add_test(tcase, reads_versions_and_function_starts);
	tcase_add_test(tcase, refuses_overlapping_doubled_and_endless_slices);
	tcase_add_test(tcase, a_java_class_is_no_fat_file);
	tcase_add_test(tcase, survives_every_truncation_and_many_flips);
	tcase_add_test(tcase, bindings_of_nothing_end);
	tcase_add_test(tcase, tells_where_a_table_leaves_the_slice);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
