/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a macOS SDK has the headers of the kernel. */
#pragma once

struct error;

/*
 * The folder of kernel headers in an SDK: its Kernel.framework's, DIR/Headers, or DIR
 * itself; owned. An error when there is none.
 */
struct error *sdk_headers_folder(const char *sdk, char **ret);
