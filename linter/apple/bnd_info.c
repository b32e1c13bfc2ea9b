/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules on what Info.plist holds: BND001 to BND006, BND015 to BND017, BND024. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/array.h"
#include "common/error.h"
#include "linter/apple/kext_version.h"
#include "linter/apple/subject_kext.h"

enum { NAME_LIMIT = 64 };

static struct error *tell_problems(struct linter *linter, const struct subject *subject,
				   const struct kext *kext)
{
	struct error *error = NULL;

	for (size_t i = 0; i < kext->list->problem_count && !error; i++) {
		const struct plist_problem *p = &kext->list->problems[i];
		bool twice = p->kind == PLIST_DUPLICATE_KEY;

		error = kext_tell(
			linter, subject,
			&(struct kext_finding){
				.path = kext->info_path,
				.symbol = *p->path ? p->path : NULL,
				.line = p->line,
				.lower = twice,
				.level = LEVEL_WARNING,
				.hint = twice ? "remove one: which of them counts "
						"differs between readers"
					      : NULL },
			"%s", p->text);
	}
	return error;
}

/* Real numbers and dates: the loader's own parser does not know them. */
static struct error *tell_foreign_types(struct linter *linter,
					const struct subject *subject,
					const struct property *node)
{
	struct error *error = NULL;

	if (node->type == PROPERTY_REAL || node->type == PROPERTY_DATE)
		return kext_tell(linter, subject,
				 &(struct kext_finding){ .at = node,
							 .hint = "write an integer or a "
								 "string" },
				 "<%s> is not understood by the loader, which then "
				 "refuses the whole file",
				 node->type == PROPERTY_REAL ? "real" : "date");
	for (const struct property *m = node->first; m && !error; m = m->next)
		error = tell_foreign_types(linter, subject, m);
	return error;
}

static struct error *run_bnd001(struct linter *linter, const struct subject *subject)
{
	const struct kext *kext = subject_kext(subject);
	struct error *error;

	if (kext->bare)
		return NULL;
	if (!kext->info_path)
		return kext_tell(linter, subject,
				 &(struct kext_finding){
					 .hint = "it belongs at Contents/Info.plist" },
				 "there is no Info.plist");
	if (kext->info_error)
		return kext_tell(linter, subject,
				 &(struct kext_finding){ .path = kext->info_path,
							 .hint = "plutil -lint, xmllint "
								 "--noout" },
				 "Info.plist cannot be read: %s", kext->info_error);
	error = tell_problems(linter, subject, kext);
	if (error || kext->dext)
		return error;
	if (kext->list->binary)
		return kext_tell(
			linter, subject,
			&(struct kext_finding){
				.path = kext->info_path,
				.hint = "plutil -convert xml1 Info.plist" },
			"a binary property list: the kext loader reads XML only");
	return tell_foreign_types(linter, subject, kext->info);
}

static const struct check bnd001 = { .id = "BND001",
				     .kind = &kind_kext,
				     .run = run_bnd001 };
REGISTER(check, bnd001);

static struct error *missing(struct linter *linter, const struct subject *subject,
			     const char *key, const char *hint)
{
	const struct kext *kext = subject_kext(subject);

	return kext_tell(linter, subject,
			 &(struct kext_finding){
				 .path = kext->info_path, .symbol = key, .hint = hint },
			 "required key is missing");
}

static struct error *run_bnd002(struct linter *linter, const struct subject *subject)
{
	static const char *const keys[] = { "CFBundlePackageType", "CFBundleIdentifier",
					    "CFBundleVersion" };
	const struct kext *kext = subject_kext(subject);
	const struct property *libraries;
	struct error *error = NULL;

	if (!kext->info)
		return NULL;
	for (size_t i = 0; i < ARRAY_LENGTH(keys) && !error; i++)
		if (!property_get(kext->info, keys[i]))
			error = missing(linter, subject, keys[i], NULL);
	if (error || kext->dext || !kext->executable || kext->kernel_resource)
		return error;
	libraries = property_get(kext->info, "OSBundleLibraries");
	if (libraries && libraries->count)
		return NULL;
	for (size_t i = 0; i < kext->slice_count; i++)
		if (kext_property(kext, "OSBundleLibraries", kext->slices[i].arch))
			return NULL;
	return missing(linter, subject, "OSBundleLibraries",
		       "a kext with code names the libraries it links against; the "
		       "report's section \"loads\" has a fragment to copy");
}

static const struct check bnd002 = { .id = "BND002",
				     .kind = &kind_kext,
				     .run = run_bnd002 };
REGISTER(check, bnd002);

static const char *const package_types[] = { "KEXT", "DEXT", NULL };
static const char *const required_values[] = { "Root",	  "Local-Root", "Network-Root",
					       "Console", "Safe Boot",	"DriverKit",
					       NULL };

/* Keys that the loader knows, with the type it wants. */
static const struct known_key {
	const char *key;
	enum property_type type;
	const char *const *values; /* NULL: any */
} known_keys[] = {
	{ "CFBundlePackageType", PROPERTY_STRING, package_types },
	{ "CFBundleIdentifier", PROPERTY_STRING, NULL },
	{ "CFBundleVersion", PROPERTY_STRING, NULL },
	{ "CFBundleShortVersionString", PROPERTY_STRING, NULL },
	{ "CFBundleName", PROPERTY_STRING, NULL },
	{ "CFBundleExecutable", PROPERTY_STRING, NULL },
	{ "CFBundleSharedExecutableIdentifier", PROPERTY_STRING, NULL },
	{ "CFBundleGetInfoString", PROPERTY_STRING, NULL },
	{ "NSHumanReadableCopyright", PROPERTY_STRING, NULL },
	{ "LSMinimumSystemVersion", PROPERTY_STRING, NULL },
	{ "OSBundleCompatibleVersion", PROPERTY_STRING, NULL },
	{ "OSBundleRequired", PROPERTY_STRING, required_values },
	{ "OSBundleAllowUserLoad", PROPERTY_BOOLEAN, NULL },
	{ "OSBundleIsInterface", PROPERTY_BOOLEAN, NULL },
	{ "OSKernelResource", PROPERTY_BOOLEAN, NULL },
	{ "OSBundleEnableKextLogging", PROPERTY_BOOLEAN, NULL },
	{ "OSBundleLibraries", PROPERTY_DICT, NULL },
	{ "IOKitPersonalities", PROPERTY_DICT, NULL },
};

static const struct known_key personality_keys[] = {
	{ "CFBundleIdentifier", PROPERTY_STRING, NULL },
	{ "IOClass", PROPERTY_STRING, NULL },
	{ "IOProviderClass", PROPERTY_STRING, NULL },
	{ "IOMatchCategory", PROPERTY_STRING, NULL },
	{ "IOUserClientClass", PROPERTY_STRING, NULL },
	{ "IOProbeScore", PROPERTY_INTEGER, NULL },
	{ "IOKitDebug", PROPERTY_INTEGER, NULL },
};

/* KEY itself, or KEY_ARCH. */
static bool is_key(const char *name, const char *key)
{
	size_t length = strlen(key);

	if (strncmp(name, key, length))
		return false;
	return !name[length] ||
	       (name[length] == '_' && islower((unsigned char)name[length + 1]));
}

static bool is_legal(const char *value, const char *const *values)
{
	for (size_t i = 0; values[i]; i++)
		if (!strcmp(value, values[i]))
			return true;
	return false;
}

static struct error *check_key(struct linter *linter, const struct subject *subject,
			       const struct property *p, const struct known_key *known)
{
	if (p->type != known->type)
		return kext_tell(linter, subject, &(struct kext_finding){ .at = p },
				 "is of type %s instead of %s",
				 property_type_name(p->type),
				 property_type_name(known->type));
	if (known->values && !is_legal(p->string, known->values))
		return kext_tell(linter, subject, &(struct kext_finding){ .at = p },
				 "'%s' is no value of this key", p->string);
	return NULL;
}

static struct error *check_dict(struct linter *linter, const struct subject *subject,
				const struct property *dict, const struct known_key *keys,
				size_t count)
{
	struct error *error = NULL;

	for (const struct property *p = dict->first; p && !error; p = p->next)
		for (size_t i = 0; i < count && !error; i++)
			if (is_key(p->key, keys[i].key))
				error = check_key(linter, subject, p, &keys[i]);
	return error;
}

static struct error *check_libraries(struct linter *linter, const struct subject *subject,
				     const struct property *libraries)
{
	struct error *error = NULL;
	uint64_t version;

	if (libraries->type != PROPERTY_DICT)
		return NULL;
	for (const struct property *p = libraries->first; p && !error; p = p->next) {
		if (p->type != PROPERTY_STRING)
			error = kext_tell(
				linter, subject, &(struct kext_finding){ .at = p },
				"is of type %s instead of a version in a string",
				property_type_name(p->type));
		else if (!kext_version_parse(p->string, &version))
			error = kext_tell(linter, subject,
					  &(struct kext_finding){ .at = p },
					  "'%s' is no version", p->string);
	}
	return error;
}

/* Keys of kexts that a driver extension may not have. */
static struct error *check_kext_keys(struct linter *linter, const struct subject *subject,
				     const struct kext *kext)
{
	static const char *const keys[] = { "OSKernelResource", "AppleSecurityExtension",
					    "AppleKernelExternalComponent",
					    "CFBundleSharedExecutableIdentifier",
					    "OSBundleIsInterface" };
	struct error *error = NULL;

	for (size_t i = 0; kext->dext && i < ARRAY_LENGTH(keys) && !error; i++) {
		const struct property *p = property_get(kext->info, keys[i]);

		if (p)
			error = kext_tell(linter, subject,
					  &(struct kext_finding){ .at = p },
					  "a driver extension may not have this key");
	}
	return error;
}

static struct error *check_personalities(struct linter *linter,
					 const struct subject *subject,
					 const struct property *all)
{
	struct error *error = NULL;

	for (const struct property *p = all->first; p && !error; p = p->next) {
		if (p->type != PROPERTY_DICT)
			error = kext_tell(
				linter, subject, &(struct kext_finding){ .at = p },
				"a personality of type %s instead of dictionary",
				property_type_name(p->type));
		else
			error = check_dict(linter, subject, p, personality_keys,
					   ARRAY_LENGTH(personality_keys));
	}
	return error;
}

static struct error *run_bnd003(struct linter *linter, const struct subject *subject)
{
	const struct kext *kext = subject_kext(subject);
	struct error *error;

	if (!kext->info)
		return NULL;
	error = check_dict(linter, subject, kext->info, known_keys,
			   ARRAY_LENGTH(known_keys));
	if (!error)
		error = check_kext_keys(linter, subject, kext);
	for (const struct property *p = kext->info->first; p && !error; p = p->next)
		if (is_key(p->key, "OSBundleLibraries"))
			error = check_libraries(linter, subject, p);
	for (const struct property *all = kext_personalities(kext, NULL); all && !error;
	     all = kext_personalities(kext, all))
		error = check_personalities(linter, subject, all);
	return error;
}

static const struct check bnd003 = { .id = "BND003",
				     .kind = &kind_kext,
				     .run = run_bnd003 };
REGISTER(check, bnd003);

static struct error *run_bnd004(struct linter *linter, const struct subject *subject)
{
	static const char *const keys[] = { "CFBundleIdentifier", "CFBundleVersion" };
	const struct kext *kext = subject_kext(subject);
	struct error *error = NULL;

	for (size_t i = 0; i < ARRAY_LENGTH(keys) && !error; i++) {
		const struct property *p =
			property_get_type(kext->info, keys[i], PROPERTY_STRING);

		if (p && p->size >= NAME_LIMIT)
			error = kext_tell(
				linter, subject,
				&(struct kext_finding){
					.at = p,
					.hint = "kmod_info has 64 bytes for it, "
						"terminator included" },
				"has %zu characters; %d are allowed", p->size,
				NAME_LIMIT - 1);
	}
	return error;
}

static const struct check bnd004 = { .id = "BND004",
				     .kind = &kind_kext,
				     .run = run_bnd004 };
REGISTER(check, bnd004);

static struct error *run_bnd005(struct linter *linter, const struct subject *subject)
{
	const struct kext *kext = subject_kext(subject);

	if (!kext->version.text || kext->version.parsed)
		return NULL;
	return kext_tell(
		linter, subject,
		&(struct kext_finding){
			.at = property_get(kext->info, "CFBundleVersion"),
			.hint = "up to three numbers of up to four digits, then "
				"perhaps d, a, b or fc and a number to 255: 1.2.3b4" },
		"'%s' is no version that the loader can parse", kext->version.text);
}

static const struct check bnd005 = { .id = "BND005",
				     .kind = &kind_kext,
				     .run = run_bnd005 };
REGISTER(check, bnd005);

static struct error *run_bnd006(struct linter *linter, const struct subject *subject)
{
	const struct kext *kext = subject_kext(subject);
	struct kext_finding what = { .at = property_get(kext->info,
							"OSBundleCompatibleVersion") };

	if (!kext->compatible.text)
		return NULL;
	if (!kext->compatible.parsed)
		return kext_tell(linter, subject, &what,
				 "'%s' is no version that the loader can parse",
				 kext->compatible.text);
	if (kext->version.parsed && kext->compatible.value > kext->version.value)
		return kext_tell(linter, subject, &what,
				 "%s is later than the version itself, %s",
				 kext->compatible.text, kext->version.text);
	return NULL;
}

static const struct check bnd006 = { .id = "BND006",
				     .kind = &kind_kext,
				     .run = run_bnd006 };
REGISTER(check, bnd006);

static bool is_on(const struct property *p)
{
	return (p->type == PROPERTY_INTEGER || p->type == PROPERTY_BOOLEAN) && p->integer;
}

static struct error *check_debug(struct linter *linter, const struct subject *subject,
				 const struct property *dict)
{
	static const char *const keys[] = { "IOKitDebug", "OSBundleDebugLevel",
					    "OSBundleEnableKextLogging" };
	struct error *error = NULL;

	for (size_t i = 0; i < ARRAY_LENGTH(keys) && !error; i++) {
		const struct property *p = property_get(dict, keys[i]);

		if (p && is_on(p))
			error = kext_tell(
				linter, subject,
				&(struct kext_finding){
					.at = p,
					.hint = "take it out of what ships; set it "
						"at build time for debug builds" },
				"debugging is left on (%lld)", (long long)p->integer);
	}
	return error;
}

static struct error *run_bnd015(struct linter *linter, const struct subject *subject)
{
	const struct kext *kext = subject_kext(subject);
	struct error *error;

	if (!kext->info)
		return NULL;
	error = check_debug(linter, subject, kext->info);
	for (const struct property *all = kext_personalities(kext, NULL); all && !error;
	     all = kext_personalities(kext, all))
		for (const struct property *p = all->first; p && !error; p = p->next)
			error = check_debug(linter, subject, p);
	return error;
}

static const struct check bnd015 = { .id = "BND015",
				     .kind = &kind_kext,
				     .run = run_bnd015 };
REGISTER(check, bnd015);

static struct error *run_bnd016(struct linter *linter, const struct subject *subject)
{
	const struct kext *kext = subject_kext(subject);
	const struct property *libraries = property_get(kext->info, "OSBundleLibraries");

	if (kext_has_code(kext) || kext->shared_executable || kext->dext || !libraries ||
	    !libraries->count || kext->compatible.text)
		return NULL;
	return kext_tell(
		linter, subject,
		&(struct kext_finding){ .at = libraries,
					.hint = "remove it; a personality names the "
						"kext with the code by "
						"CFBundleIdentifier" },
		"a kext without code declares %zu libraries: nothing of it "
		"links",
		libraries->count);
}

static const struct check bnd016 = { .id = "BND016",
				     .kind = &kind_kext,
				     .run = run_bnd016 };
REGISTER(check, bnd016);

/* What must be there early must not need what is not. */
static struct error *check_early_libraries(struct linter *linter,
					   const struct subject *subject,
					   const struct kext *kext,
					   const struct property *required)
{
	struct error *error = NULL;

	for (size_t i = 0; i < kext->loads->library_count && !error; i++) {
		const struct kext *provider = kext->loads->libraries[i].provider;

		if (!provider || property_get_string(provider->info, "OSBundleRequired"))
			continue;
		error = kext_tell(
			linter, subject,
			&(struct kext_finding){
				.at = required,
				.hint = "give the library an OSBundleRequired too" },
			"'%s', but its library %s has no OSBundleRequired and is "
			"not there that early",
			required->string, provider->identifier);
	}
	return error;
}

/* Driver extensions are started by the system; only Apple's can be there early. */
static struct error *check_dext_required(struct linter *linter,
					 const struct subject *subject,
					 const struct kext *kext,
					 const struct property *required)
{
	if (kext->identifier && strncmp(kext->identifier, "com.apple.", 10))
		return kext_tell(
			linter, subject,
			&(struct kext_finding){ .at = required,
						.hint = "remove the key" },
			"driver extensions of others than Apple may not ask to be "
			"there early");
	if (strcmp(required->string, "DriverKit") &&
	    strcmp(required->string, "Safe Boot"))
		return kext_tell(
			linter, subject, &(struct kext_finding){ .at = required },
			"'%s' is for kexts; a driver extension says 'DriverKit' or "
			"'Safe Boot'",
			required->string);
	return NULL;
}

/* A kext that is only the folder of others, in its PlugIns. */
static bool holds_kexts(const struct linter *linter, const struct kext *kext)
{
	const struct kext_set *set = linter_kexts(linter);

	for (size_t i = 0; i < set->count; i++)
		if (set->kexts[i]->parent == kext)
			return true;
	return false;
}

static struct error *run_bnd017(struct linter *linter, const struct subject *subject)
{
	const struct kext *kext = subject_kext(subject);
	const struct property *required =
		property_get_type(kext->info, "OSBundleRequired", PROPERTY_STRING);
	struct error *error = NULL;

	if (!required)
		return NULL;
	if (!kext->dext && !strcmp(required->string, "DriverKit"))
		error = kext_tell(linter, subject,
				  &(struct kext_finding){ .at = required },
				  "'DriverKit' is for driver extensions, this is a kext");
	if (!error && kext->dext)
		error = check_dext_required(linter, subject, kext, required);
	if (!error && !kext->dext && !kext_has_code(kext) &&
	    !kext_personalities(kext, NULL) && !holds_kexts(linter, kext))
		error = kext_tell(
			linter, subject,
			&(struct kext_finding){ .at = required,
						.hint = "remove the key" },
			"a kext with neither code nor personalities is of no use "
			"early in the boot");
	return error ? error : check_early_libraries(linter, subject, kext, required);
}

static const struct check bnd017 = { .id = "BND017",
				     .kind = &kind_kext,
				     .run = run_bnd017 };
REGISTER(check, bnd017);

static const char *why_bad_identifier(const char *id, size_t length)
{
	static const char *const templates[] = { "com.yourcompany",    "com.MyCompany",
						 "com.mycompany",      "com.yourdomain",
						 "com.example.driver", "com.company." };

	for (size_t i = 0; i < ARRAY_LENGTH(templates); i++)
		if (!strncasecmp(id, templates[i], strlen(templates[i])))
			return "is the template's, not yours";
	if (!strncmp(id, "com.apple.", 10))
		return "claims to be Apple's";
	if (!strchr(id, '.') || id[0] == '.' || id[length - 1] == '.' || strstr(id, ".."))
		return "is no reverse-DNS name";
	if (strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
		       ".-_") != length)
		return "has characters besides letters, digits, '.', '-' and '_'";
	return NULL;
}

/* Apple's own kexts may have Apple's names: they say whose they are elsewhere too. */
static bool is_apples(const struct kext *kext)
{
	const char *copyright =
		property_get_string(kext->info, "NSHumanReadableCopyright");
	const char *text =
		copyright ? copyright
			  : property_get_string(kext->info, "CFBundleGetInfoString");

	return text && strstr(text, "Apple");
}

static struct error *run_bnd024(struct linter *linter, const struct subject *subject)
{
	const struct kext *kext = subject_kext(subject);
	const char *why, *id = kext->identifier;

	if (!id || !*id)
		return NULL;
	why = why_bad_identifier(id, strlen(id));
	if (!why || (is_apples(kext) && !strncmp(id, "com.apple.", 10)))
		return NULL;
	return kext_tell(linter, subject,
			 &(struct kext_finding){
				 .at = property_get(kext->info, "CFBundleIdentifier"),
				 .hint = "com.yours.driver.Product, of a domain that you "
					 "own" },
			 "'%s' %s", id, why);
}

static const struct check bnd024 = { .id = "BND024",
				     .kind = &kind_kext,
				     .run = run_bnd024 };
REGISTER(check, bnd024);
