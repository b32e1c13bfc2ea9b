/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <libkern/c++/OSObject.h>

class IORegistryEntry : public OSObject
{
      public:
	virtual OSObject *getProperty(const char *name) const;
	virtual bool setProperty(const char *name, OSObject *object);
};
class IOService : public IORegistryEntry
{
      public:
	virtual bool start(IOService *provider);
};
class IOMemoryDescriptor : public OSObject
{
      public:
	virtual int prepare(int direction = 0);
	virtual int complete(int direction = 0);
	static IOMemoryDescriptor *withAddress(void *address, unsigned long length);
};
typedef void (*IOInterruptEventAction)(OSObject *owner, IOService *sender, int count);

void IOLog(const char *format, ...);
unsigned int kauth_getuid(void);
