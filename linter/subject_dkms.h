/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Subjects of the kind "dkms": every dkms.conf, with the tree it stands in. The model is
 * a struct dkms_subject.
 */
#pragma once

#include "linter/linter.h"
#include "readers/bundle.h"
#include "readers/dkms_conf.h"

extern const struct subject_kind kind_dkms;

struct dkms_subject {
	const struct dkms_conf *conf;
	const char *folder; /* in its container, with a "/" behind unless it is "" */
};

static inline const struct dkms_subject *subject_dkms(const struct subject *subject)
{
	return subject->model;
}

/* A file of the tree, by its path from dkms.conf's folder, or NULL. */
const struct member *dkms_member(const struct subject *subject, const char *path);
