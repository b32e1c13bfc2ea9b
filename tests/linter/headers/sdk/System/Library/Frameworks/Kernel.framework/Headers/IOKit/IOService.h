/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

class IOService
{
      public:
	virtual bool start(IOService *provider);
	virtual bool oldStart(IOService *provider)
		__attribute__((deprecated("use start()")));
	static IOService *make() __attribute__((deprecated));
};
