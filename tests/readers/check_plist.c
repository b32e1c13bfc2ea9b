/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "common/strbuf.h"

#include "readers/plist.h"
#include "tests/check_main.h"

/* Only to make a binary list of known content; its names collide with none of ours. */
#include <plist/plist.h>

#define HEAD                                                      \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"            \
	"<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" " \
	"\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"

static struct span span_of(const char *text)
{
	return (struct span){ (const uint8_t *)text, strlen(text) };
}

static struct property_list *parse(const char *text)
{
	struct property_list *list = NULL;

	ck_assert_ok(property_list_create(span_of(text), &list));
	return list;
}

START_TEST(reads_every_type_with_lines_and_paths)
{
	_cleanup_(property_list_destroy) struct property_list *list = parse(
		HEAD "<plist version=\"1.0\">\n<dict>\n"
		     "<key>name</key>\n<string>a &amp; b</string>\n"
		     "<key>numbers</key>\n<array>\n<integer>0x10</integer>\n"
		     "<integer> -7 </integer>\n<real>1.5</real>\n</array>\n"
		     "<key>on</key><true/><key>off</key><false/>\n"
		     "<key>blob</key><data>\nAAEC\nAw==\n</data>\n</dict>\n</plist>\n");
	const struct property *numbers = property_get(list->root, "numbers");
	_strbuf_ struct strbuf path = STRBUF_INIT;

	ck_assert_uint_eq(list->problem_count, 0);
	ck_assert_str_eq(property_get_string(list->root, "name"), "a & b");
	ck_assert_uint_eq(property_get(list->root, "name")->line, 5);
	ck_assert_int_eq(numbers->first->integer, 16);
	ck_assert_int_eq(numbers->first->next->integer, -7);
	ck_assert_double_eq(numbers->last->real, 1.5);
	ck_assert_int_eq(property_get(list->root, "on")->integer, 1);
	ck_assert_int_eq(property_get(list->root, "off")->integer, 0);
	ck_assert_uint_eq(property_get(list->root, "blob")->size, 4);
	property_add_path(numbers->last, &path);
	ck_assert_str_eq(strbuf_string(&path), "numbers[2]");
	ck_assert_ptr_null(property_get_string(list->root, "numbers"));
}
END_TEST

START_TEST(tells_duplicate_keys_with_both_lines)
{
	_cleanup_(property_list_destroy) struct property_list *list =
		parse("<plist><dict>\n<key>a</key><dict>\n<key>k</key><true/>\n"
		      "<key>k</key><false/></dict></dict></plist>");

	ck_assert_uint_eq(list->problem_count, 1);
	ck_assert_int_eq(list->problems[0].kind, PLIST_DUPLICATE_KEY);
	ck_assert_uint_eq(list->problems[0].line, 4);
	ck_assert_str_eq(list->problems[0].path, "a:k");
	ck_assert_ptr_nonnull(strstr(list->problems[0].text, "first on line 3"));
}
END_TEST

START_TEST(a_syntax_error_names_line_and_reason)
{
	struct property_list *list = NULL;

	ck_assert_fails(property_list_create(
				span_of("<plist>\n<dict>\n<key>a</kye>\n</dict></plist>"),
				&list),
			"line 3: Opening and ending tag mismatch");
	ck_assert_fails(property_list_create(span_of(""), &list), "empty");
	ck_assert_fails(property_list_create(span_of("<html/>"), &list),
			"<html> instead of <plist>");
	ck_assert_fails(property_list_create(span_of("<plist/>"), &list), "no value");
}
END_TEST

START_TEST(tells_what_is_no_property_list)
{
	static const struct {
		const char *text, *problem;
	} cases[] = {
		{ "<plist><dict><key>a</key></dict></plist>", "has no value" },
		{ "<plist><dict><key>a</key><key>b</key><true/></dict></plist>",
		  "key 'a' has no value" },
		{ "<plist><dict><true/></dict></plist>", "no key before it" },
		{ "<plist><dict><key>a</key><number>1</number></dict></plist>",
		  "<number> is no element" },
		{ "<plist><dict>word</dict></plist>", "stray text 'word'" },
		{ "<plist><integer>12x</integer></plist>", "is no integer" },
		{ "<plist><integer>--1</integer></plist>", "is no integer" },
		{ "<plist><data>A*=</data></plist>", "not base64" },
		{ "<plist><true/><true/></plist>", "second value" },
		{ "<plist><string>a<b/></string></plist>", "<b> within <string>" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_(property_list_destroy) struct property_list *list =
			parse(cases[i].text);

		ck_assert_msg(list->problem_count == 1 &&
				      strstr(list->problems[0].text, cases[i].problem),
			      "%s: %s", cases[i].text,
			      list->problem_count ? list->problems[0].text : "nothing");
	}
}
END_TEST

START_TEST(expands_no_entities)
{
	_cleanup_(property_list_destroy) struct property_list *list =
		parse("<!DOCTYPE plist [<!ENTITY x SYSTEM \"file:///etc/passwd\">\n"
		      "<!ENTITY y \"&x;&x;\">]><plist><string>a&y;b</string></plist>");

	ck_assert_str_eq(list->root->string, "ab");
	ck_assert_uint_eq(list->problem_count, 1);
	ck_assert_ptr_nonnull(strstr(list->problems[0].text, "not expanded"));
}
END_TEST

START_TEST(reads_binary_lists_as_xml_ones)
{
	static const char xml[] =
		"<plist><dict><key>a</key><string>b</string><key>n</key>"
		"<integer>-3</integer><key>l</key><array><true/><data>AAEC</data>"
		"</array></dict></plist>";
	_cleanup_(property_list_destroy) struct property_list *list = NULL;
	plist_t made = NULL;
	char *bytes = NULL;
	uint32_t size = 0;

	plist_from_xml(xml, sizeof(xml) - 1, &made);
	plist_to_bin(made, &bytes, &size);
	ck_assert_ok(
		property_list_create((struct span){ (uint8_t *)bytes, size }, &list));
	ck_assert(list->binary);
	ck_assert_str_eq(property_get_string(list->root, "a"), "b");
	ck_assert_int_eq(property_get(list->root, "n")->integer, -3);
	ck_assert_uint_eq(property_get(list->root, "l")->count, 2);
	ck_assert_uint_eq(property_get(list->root, "l")->last->size, 3);
	for (uint32_t cut = 0; cut < size; cut++) {
		struct property_list *part = NULL;

		error_destroy(property_list_create((struct span){ (uint8_t *)bytes, cut },
						   &part));
		property_list_destroy(part);
	}
	free(bytes);
	plist_free(made);
}
END_TEST

/* Arrays of two references each to the next: 2^40 nodes from 200 bytes. */
START_TEST(a_binary_list_of_shared_arrays_is_refused)
{
	uint8_t bytes[512] = "bplist00";
	struct property_list *list = NULL;
	size_t at = 8, table;
	enum { LEVELS = 40 };

	for (unsigned int i = 0; i < LEVELS; i++) {
		bytes[at++] = 0xa2;
		bytes[at++] = i + 1;
		bytes[at++] = i + 1;
	}
	bytes[at++] = 0x09;
	table = at;
	for (unsigned int i = 0; i <= LEVELS; i++)
		bytes[at++] = 8 + 3 * i;
	bytes[at + 6] = bytes[at + 7] = 1;
	bytes[at + 15] = LEVELS + 1;
	bytes[at + 31] = table;
	ck_assert_fails(property_list_create((struct span){ bytes, at + 32 }, &list),
			"larger than any");
	bytes[8 + 1] = 0;
	ck_assert_fails(property_list_create((struct span){ bytes, at + 32 }, &list),
			"holds itself");
}
END_TEST

START_TEST(depth_is_bounded)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;
	struct property_list *list = NULL;

	strbuf_adds(&text, "<plist>");
	for (unsigned int i = 0; i < 200; i++)
		strbuf_adds(&text, "<array>");
	for (unsigned int i = 0; i < 200; i++)
		strbuf_adds(&text, "</array>");
	strbuf_adds(&text, "</plist>");
	ck_assert_fails(property_list_create(span_of(strbuf_string(&text)), &list),
			"too deep");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plist");
	TCase *tcase = tcase_create("plist");

	tcase_add_test(tcase, reads_every_type_with_lines_and_paths);
	tcase_add_test(tcase, tells_duplicate_keys_with_both_lines);
	tcase_add_test(tcase, a_syntax_error_names_line_and_reason);
	tcase_add_test(tcase, tells_what_is_no_property_list);
	tcase_add_test(tcase, expands_no_entities);
	tcase_add_test(tcase, reads_binary_lists_as_xml_ones);
	tcase_add_test(tcase, a_binary_list_of_shared_arrays_is_refused);
	tcase_add_test(tcase, depth_is_bounded);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
