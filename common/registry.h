/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors that register themselves. What can be many (rule, format, container,
 * dialect, cycle kind, memory source, command) is one C file that ends with
 *
 *	static const struct format format_json = { .name = "json", … };
 *	REGISTER(format, format_json);
 *
 * The linker gathers the pointers in a section; REGISTRY(format) in the folder's
 * header gives its bounds. Folders that hold descriptors are linked whole
 * (`whole` in the ninja part), or the linker would drop what nobody names. The order
 * within a section is the linker's: sort by name wherever the order shows.
 */
#pragma once

#define REGISTER(kind, object)                              \
	static const struct kind *const registered_##object \
		__attribute__((used, section("registry_" #kind))) = &(object)

#define REGISTRY(kind)                                            \
	extern const struct kind *const __start_registry_##kind[] \
		__attribute__((weak, visibility("hidden")));      \
	extern const struct kind *const __stop_registry_##kind[]  \
		__attribute__((weak, visibility("hidden")))

#define registry_for_each(kind, it)                                  \
	for (const struct kind *const *it = __start_registry_##kind; \
	     it < __stop_registry_##kind; it++)
