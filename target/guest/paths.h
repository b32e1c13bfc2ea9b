/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where things lie in a throwaway VM's initramfs. */
#pragma once

#define GUEST_MODULE_LIST "/bookend/modules.list" /* files to load, one a line */
