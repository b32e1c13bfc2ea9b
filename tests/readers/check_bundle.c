/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "common/file.h"
#include "common/strbuf.h"
#include "readers/bundle.h"
#include "tests/check_main.h"
#include "tests/linter/fixture_archive.h"

/* An archive of @kind with the members of a JSON array, opened. */
static struct bundle *pack(const char *name, const char *kind, const char *members,
			   const struct bundle_limits *limits, struct strbuf *bytes)
{
	json_t *list = json_loads(members, 0, NULL);
	struct bundle *bundle = NULL;

	ck_assert_ptr_nonnull(list);
	ck_assert_ok(fixture_pack(".", kind, list, bytes));
	ck_assert_ok(bundle_open_memory(
		name, (struct span){ (uint8_t *)bytes->data, bytes->length }, limits,
		&bundle));
	json_decref(list);
	return bundle;
}

static bool has_fact(const struct bundle *bundle, enum bundle_fact_kind kind)
{
	for (size_t i = 0; i < bundle->fact_count; i++)
		if (bundle->facts[i].kind == kind)
			return true;
	return false;
}

START_TEST(sorts_members_and_finds_them)
{
	_strbuf_ struct strbuf bytes = STRBUF_INIT;
	_cleanup_(bundle_destroy) struct bundle *bundle = pack(
		"x.tar.xz", ".tar.xz",
		"[{\"path\":\"./b/z\",\"text\":\"2\"},{\"path\":\"./a\",\"text\":\"1\","
		"\"mode\":\"0640\",\"uid\":7}]",
		NULL, &bytes);
	const struct member *a = bundle_find(bundle, 0, "a");

	ck_assert_uint_eq(bundle->count, 2);
	ck_assert_ptr_eq(a, &bundle->members[0]);
	ck_assert_str_eq(a->name, "x.tar.xz!a");
	ck_assert_uint_eq(a->mode, 0640);
	ck_assert_uint_eq(a->uid, 7);
	ck_assert_ptr_null(bundle_find(bundle, 0, "b"));
	ck_assert_uint_eq(bundle->fact_count, 0);
}
END_TEST

START_TEST(tells_members_that_escape)
{
	_strbuf_ struct strbuf bytes = STRBUF_INIT;
	_cleanup_(bundle_destroy) struct bundle *bundle = pack(
		"x.tar", ".tar",
		"[{\"path\":\"../up\",\"text\":\"1\"},{\"path\":\"/abs\",\"text\":\"1\"},"
		"{\"path\":\"d/l\",\"symlink\":\"../../x\"},"
		"{\"path\":\"d/ok\",\"symlink\":\"../x\"}]",
		NULL, &bytes);

	ck_assert(has_fact(bundle, BUNDLE_PARENT_PATH));
	ck_assert(has_fact(bundle, BUNDLE_ABSOLUTE_PATH));
	ck_assert(has_fact(bundle, BUNDLE_LINK_LEAVES));
	ck_assert_uint_eq(bundle->fact_count, 3);
}
END_TEST

START_TEST(stops_at_a_bomb)
{
	static const struct bundle_limits limits = { .member_bytes = 1ULL << 30 };
	_strbuf_ struct strbuf bytes = STRBUF_INIT;
	_cleanup_(bundle_destroy) struct bundle *bundle =
		pack("x.tar.xz", ".tar.xz", "[{\"path\":\"zeros\",\"zeros\":200000000}]",
		     &limits, &bytes);

	ck_assert(has_fact(bundle, BUNDLE_RATIO));
	ck_assert(!bundle->members[0].kept);
}
END_TEST

START_TEST(keeps_within_its_memory)
{
	static const struct bundle_limits limits = { .member_bytes = 1000,
						     .total_bytes = 1500 };
	_strbuf_ struct strbuf bytes = STRBUF_INIT;
	_cleanup_(bundle_destroy) struct bundle *bundle =
		pack("x.zip", ".zip",
		     "[{\"path\":\"a\",\"zeros\":900},{\"path\":\"b\",\"zeros\":900},"
		     "{\"path\":\"c\",\"text\":\"small\"}]",
		     &limits, &bytes);

	ck_assert(has_fact(bundle, BUNDLE_TOO_LARGE));
	ck_assert(bundle_find(bundle, 0, "a")->kept);
	ck_assert(!bundle_find(bundle, 0, "b")->kept);
	ck_assert(bundle_find(bundle, 0, "c")->kept);
}
END_TEST

START_TEST(reads_ten_thousand_members)
{
	_strbuf_ struct strbuf bytes = STRBUF_INIT, list = STRBUF_INIT;
	_cleanup_(bundle_destroy) struct bundle *bundle = NULL;
	static const struct bundle_limits few = { .members = 100 };

	strbuf_addc(&list, '[');
	for (int i = 0; i < 10000; i++)
		strbuf_addf(&list, "%s{\"path\":\"d/%05d\",\"text\":\"x\"}", i ? "," : "",
			    i);
	strbuf_addc(&list, ']');
	bundle = pack("x.tar", ".tar", list.data, NULL, &bytes);
	ck_assert_uint_eq(bundle->count, 10000);
	ck_assert_ptr_nonnull(bundle_find(bundle, 0, "d/07777"));
	bundle_destroy(take(bundle));
	strbuf_truncate(&bytes, 0);
	bundle = pack("x.tar", ".tar", list.data, &few, &bytes);
	ck_assert_uint_eq(bundle->count, 100);
	ck_assert(has_fact(bundle, BUNDLE_TOO_MANY));
}
END_TEST

START_TEST(tells_archives_that_are_cut)
{
	_strbuf_ struct strbuf bytes = STRBUF_INIT;
	_cleanup_(bundle_destroy) struct bundle *whole =
		pack("x.tar.xz", ".tar.xz", "[{\"path\":\"a\",\"zeros\":100000}]", NULL,
		     &bytes);

	for (size_t n = 1; n < bytes.length; n += 7) {
		_cleanup_(bundle_destroy) struct bundle *cut = NULL;

		ck_assert_ok(bundle_open_memory("x.tar.xz",
						(struct span){ (uint8_t *)bytes.data, n },
						NULL, &cut));
		ck_assert(has_fact(cut, BUNDLE_BROKEN) || cut->count == 1);
	}
}
END_TEST

START_TEST(follows_containers_only_so_deep)
{
	_strbuf_ struct strbuf bytes = STRBUF_INIT;
	_cleanup_(bundle_destroy) struct bundle *bundle = NULL;
	char folder[] = "/tmp/bookend-bundle-XXXXXX";
	json_t *list = json_loads("[{\"path\":\"x.tar\",\"from\":\"x.tar\"}]", 0, NULL);
	_free_ char *path = NULL;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_ok(file_join(folder, "x.tar", &path));
	ck_assert_ok(file_write(path, "", 0, 0644));
	for (int i = 0; i < 7; i++) {
		strbuf_truncate(&bytes, 0);
		ck_assert_ok(fixture_pack(folder, ".tar", list, &bytes));
		ck_assert_ok(file_write(path, bytes.data, bytes.length, 0644));
	}
	ck_assert_ok(bundle_open(path, NULL, &bundle));
	ck_assert(has_fact(bundle, BUNDLE_TOO_DEEP));
	ck_assert_uint_eq(bundle->container_count, 5);
	json_decref(list);
	ck_assert_ok(file_remove_tree(folder));
}
END_TEST

START_TEST(hard_links_have_their_targets_bytes)
{
	_strbuf_ struct strbuf bytes = STRBUF_INIT;
	_cleanup_(bundle_destroy) struct bundle *bundle =
		pack("x.tar", ".tar",
		     "[{\"path\":\"a\",\"text\":\"hello\"},"
		     "{\"path\":\"b\",\"hardlink\":\"a\"},"
		     "{\"path\":\"c\",\"hardlink\":\"nowhere\"}]",
		     NULL, &bytes);

	ck_assert_uint_eq(bundle_find(bundle, 0, "b")->bytes.size, 5);
	ck_assert(has_fact(bundle, BUNDLE_LINK_MISSING));
}
END_TEST

START_TEST(walks_a_folder_without_following_links)
{
	_cleanup_(bundle_destroy) struct bundle *bundle = NULL;
	char folder[] = "/tmp/bookend-bundle-XXXXXX";
	_content_ struct content content = { 0 };
	_free_ char *file = NULL, *loop = NULL;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_ok(file_join(folder, "a", &file));
	ck_assert_ok(file_join(folder, "loop", &loop));
	ck_assert_ok(file_write(file, "hello", 5, 0600));
	ck_assert_int_eq(symlink("..", loop), 0);
	ck_assert_ok(bundle_open(folder, NULL, &bundle));
	ck_assert_uint_eq(bundle->count, 2);
	ck_assert_int_eq(bundle_find(bundle, 0, "loop")->kind, MEMBER_LINK);
	ck_assert_str_eq(bundle_find(bundle, 0, "loop")->link, "..");
	ck_assert_ok(bundle_read(bundle, bundle_find(bundle, 0, "a"), &content));
	ck_assert_uint_eq(content.bytes.size, 5);
	ck_assert_ok(file_remove_tree(folder));
}
END_TEST

static struct error *unpack_zstd(const uint8_t *packed, size_t size, uint64_t limit,
				 struct content *ret)
{
	return bundle_inflate("x.ko.zst", (struct span){ packed, size }, limit, ret);
}

START_TEST(zstd_frames_that_lie_are_errors)
{
	_content_ struct content content = { 0 };
	uint8_t packed[8192];
	char text[4096];
	size_t n;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * i >> 3);
	n = ZSTD_compress(packed, sizeof(packed), text, sizeof(text), 3);
	ck_assert(!ZSTD_isError(n));
	ck_assert_ok(unpack_zstd(packed, n, 1 << 20, &content));
	ck_assert_uint_eq(content.bytes.size, sizeof(text));
	content_deinit(&content);
	ck_assert_fails(unpack_zstd(packed, n, 1000, &content), "unpacks to more than");
	ck_assert_fails(unpack_zstd(packed, n - 9, 1 << 20, &content),
			"cannot be unpacked");
	/* the frame header's content size: two bytes, less 256 */
	ck_assert_uint_eq(packed[4] >> 6, 1);
	packed[6]++;
	ck_assert_fails(unpack_zstd(packed, n, 1 << 20, &content), "cannot be unpacked");
}
END_TEST

START_TEST(zstd_frames_one_behind_the_other_are_one_file)
{
	_content_ struct content content = { 0 };
	uint8_t packed[512];
	size_t n = ZSTD_compress(packed, 256, "one ", 4, 3);

	n += ZSTD_compress(packed + n, 256, "two", 3, 3);
	ck_assert_ok(unpack_zstd(packed, n, 1 << 20, &content));
	ck_assert_uint_eq(content.bytes.size, 7);
	ck_assert_mem_eq(content.bytes.data, "one two", 7);
}
END_TEST

START_TEST(a_path_that_is_not_there_is_an_error)
{
	struct bundle *bundle;

	ck_assert_fails(bundle_open("/no/such/file", NULL, &bundle), "/no/such/file");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bundle");
	TCase *tcase = tcase_create("bundle");

	tcase_set_timeout(tcase, 300);
	tcase_add_test(tcase, sorts_members_and_finds_them);
	tcase_add_test(tcase, tells_members_that_escape);
	tcase_add_test(tcase, stops_at_a_bomb);
	tcase_add_test(tcase, keeps_within_its_memory);
	tcase_add_test(tcase, reads_ten_thousand_members);
	tcase_add_test(tcase, tells_archives_that_are_cut);
	tcase_add_test(tcase, follows_containers_only_so_deep);
	tcase_add_test(tcase, hard_links_have_their_targets_bytes);
	tcase_add_test(tcase, walks_a_folder_without_following_links);
	tcase_add_test(tcase, zstd_frames_that_lie_are_errors);
	tcase_add_test(tcase, zstd_frames_one_behind_the_other_are_one_file);
	tcase_add_test(tcase, a_path_that_is_not_there_is_an_error);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
