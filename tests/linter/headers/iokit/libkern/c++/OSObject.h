/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As much of libkern and I/O Kit as the fixtures of the source rules need. Not for
 * building anything.
 */
#pragma once

typedef unsigned int UInt32;
typedef unsigned long long mach_vm_address_t;

class OSMetaClass;
class OSMetaClassBase
{
      public:
	virtual void release() const;
	virtual const OSMetaClass *getMetaClass() const;
};
class OSObject : public OSMetaClassBase
{
      public:
	virtual bool init();
};
class OSDictionary;
class OSCollection : public OSObject
{
      public:
	virtual OSCollection *copyCollection(OSDictionary *cycle = 0);
};
class OSDictionary : public OSCollection
{
      public:
	bool setObject(const char *key, const OSMetaClassBase *object);
};

#define OSDeclareDefaultStructors(name)            \
      public:                                      \
	static const OSMetaClass *const metaClass; \
	name();                                    \
                                                   \
      protected:                                   \
	virtual ~name();
#define OSDeclareAbstractStructors(name) OSDeclareDefaultStructors(name)
#define OSDefineMetaClassAndStructors(name, super) \
	name::name()                               \
	{                                          \
	}                                          \
	name::~name()                              \
	{                                          \
	}
#define OSDefineMetaClassAndAbstractStructors(name, super) \
	OSDefineMetaClassAndStructors(name, super)
#define OSMetaClassDeclareReservedUnused(name, index) \
      private:                                        \
	virtual void _RESERVED##name##index()
#define OSMetaClassDefineReservedUnused(name, index) \
	void name::_RESERVED##name##index()          \
	{                                            \
	}
#define OSDynamicCast(type, object)		     ((type *)(object))
#define OSMemberFunctionCast(type, object, function) ((type)OSMemberFunction(object))
void *OSMemberFunction(const void *object);
