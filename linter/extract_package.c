/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packages and DKMS trees for `bookend extract`: identity and what they ask for. */
#include <string.h>

#include "common/error.h"
#include "linter/extract.h"
#include "readers/bundle.h"
#include "readers/dkms_conf.h"
#include "readers/package.h"
#include "report/json.h"

static json_t *string_array(char *const *list, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_any_string(list[i]));
	return array;
}

static struct error *finish(struct extraction *x, struct json_builder *b)
{
	json_t *driver = NULL;
	struct error *error = json_builder_finish(b, &driver);

	if (!error && json_array_append_new(x->drivers, driver))
		error = error_nomem();
	return error;
}

static struct error *extract_container(struct extraction *x, const struct bundle *bundle,
				       const struct container *c)
{
	_cleanup_(package_info_destroy) struct package_info *info = NULL;
	struct error *error = package_info_create(bundle, c, &info);
	json_t *scripts;
	struct json_builder b;

	if (error || !info->known)
		return error;
	json_builder_init(&b);
	json_builder_string(&b, "kind", "package");
	json_builder_string(&b, "path", c->name);
	json_builder_string(&b, "name", info->name);
	json_builder_string(&b, "version", info->version);
	json_builder_string(&b, "release", info->release);
	json_builder_string(&b, "architecture", info->architecture);
	json_builder_string(&b, "vendor", info->vendor);
	json_builder_value(&b, "requires",
			   string_array(info->requires, info->require_count));
	json_builder_value(&b, "provides",
			   string_array(info->provides, info->provide_count));
	json_builder_value(&b, "supplements",
			   string_array(info->supplements, info->supplement_count));
	scripts = json_array();
	for (size_t i = 0; i < info->script_count; i++)
		json_array_append_new(scripts, json_any_string(info->scripts[i].name));
	json_builder_value(&b, "scripts", scripts);
	return finish(x, &b);
}

static const char *value_of(const struct dkms_conf *conf, const char *name, size_t index)
{
	const struct dkms_directive *d = dkms_conf_find(conf, name, index);

	return d ? d->value : NULL;
}

static struct error *extract_dkms(struct extraction *x, const struct bundle *bundle,
				  const struct member *m)
{
	_cleanup_(dkms_conf_destroy) struct dkms_conf *conf = NULL;
	_content_ struct content content = { 0 };
	struct error *error = bundle_read(bundle, m, &content);
	json_t *modules = json_array();
	struct json_builder b;
	size_t count;

	if (!error)
		error = dkms_conf_create(content.bytes, &conf);
	if (error) {
		json_decref(modules);
		return error;
	}
	count = dkms_conf_length(conf, "BUILT_MODULE_NAME");
	for (size_t i = 0; i < count; i++) {
		const char *name = value_of(conf, "BUILT_MODULE_NAME", i);

		if (name)
			json_array_append_new(modules, json_any_string(name));
	}
	json_builder_init(&b);
	json_builder_string(&b, "kind", "dkms");
	json_builder_string(&b, "path", m->name);
	json_builder_string(&b, "name", value_of(conf, "PACKAGE_NAME", 0));
	json_builder_string(&b, "version", value_of(conf, "PACKAGE_VERSION", 0));
	json_builder_value(&b, "modules", modules);
	json_builder_string(&b, "make", value_of(conf, "MAKE", 0));
	json_builder_string(&b, "destination", value_of(conf, "DEST_MODULE_LOCATION", 0));
	json_builder_string(&b, "kernels", value_of(conf, "BUILD_EXCLUSIVE_KERNEL", 0));
	return finish(x, &b);
}

static struct error *extract(struct extraction *x, const struct bundle *bundle)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < bundle->container_count; i++)
		error = extract_container(x, bundle, &bundle->containers[i]);
	for (size_t i = 0; !error && i < bundle->count; i++) {
		const struct member *m = &bundle->members[i];

		if (m->kind == MEMBER_FILE && !strcmp(path_base(m->path), "dkms.conf"))
			error = extract_dkms(x, bundle, m);
	}
	return error;
}

static const struct extractor extractor_package = { .name = "package",
						    .extract = extract };
REGISTER(extractor, extractor_package);
