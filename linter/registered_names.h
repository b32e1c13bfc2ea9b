/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names that a module registers: of classes, device numbers, devices and drivers.
 * They are read where they are used: strings that code refers to right before it calls a
 * registering function, and the first string that an object handed to one points to
 * (struct class, struct miscdevice and the drivers' structures begin with their name, or
 * with no other string). A name that is put together when the module runs is not seen.
 */
#pragma once

#include "readers/ko.h"

struct registered_name {
	const char *function; /* "class_create" */
	const char *object;   /* "my_driver", or NULL when the name is an argument */
	const char *name;
};

/*
 * Calls @found for each, in the order of the code, until it returns an error. False in
 * *ret: this machine's relocations (REL) do not tell where a string is used.
 */
struct error *registered_names_find(
	const struct ko *ko,
	struct error *(*found)(void *data, const struct registered_name *name),
	void *data, bool *ret);
