/* Helper look-ups over the table of helpers.def, which is indexed by id. */
#include "bpf/helpers.h"

#include <stddef.h>
#include <string.h>

/* The table's words. Each stands for the initializers of a few members, in their order. */
/* clang-format off */
#define INT            RET_INTEGER, NULL
#define VOID           RET_VOID, NULL
#define MAP_VALUE      RET_MAP_VALUE, NULL
#define MAP_VALUE_0    RET_MAP_VALUE_OR_NULL, NULL
#define SOCKET_OR_0    RET_SOCKET_OR_NULL, NULL
#define SOCK_COMMON_0  RET_SOCK_COMMON_OR_NULL, NULL
#define TCP_SOCK_0     RET_TCP_SOCK_OR_NULL, NULL
#define RING_MEM_0     RET_RINGBUF_MEM_OR_NULL, NULL
#define DYNPTR_MEM_0   RET_DYNPTR_MEM_OR_NULL, NULL
#define BTF(x)         RET_BTF, #x
#define BTF_0(x)       RET_BTF_OR_NULL, #x
#define BTF_TRUSTED(x) RET_BTF_TRUSTED, #x
#define KPTR_0         RET_BTF_OR_NULL, NULL
#define PERCPU_MEM     RET_MEM_OR_BTF, NULL
#define PERCPU_MEM_0   RET_MEM_OR_BTF_OR_NULL, NULL

#define GPL            HELPER_GPL
#define PKT            HELPER_PKT
#define SLEEPS         HELPER_SLEEPS
#define ACQUIRES       HELPER_ACQUIRES
#define CHANGES        HELPER_CHANGES_PKT
#define PURE           HELPER_PURE
#define FASTCALL       HELPER_FASTCALL
#define PRIV           HELPER_PRIV

#define ANY            {ARG_ANYTHING}
#define SCALAR         {ARG_SCALAR}
#define MAP            {ARG_MAP}
#define KEY            {ARG_MAP_KEY}
#define VALUE          {ARG_MAP_VALUE}
#define VALUE_0        {ARG_MAP_VALUE, ARG_MAYBE_NULL}
#define OUT_VALUE      {ARG_MAP_VALUE, ARG_UNINIT | ARG_WRITE}
#define MEM            {ARG_MEM}
#define MEM_0          {ARG_MEM, ARG_MAYBE_NULL}
#define OUT            {ARG_MEM, ARG_UNINIT | ARG_WRITE}
#define INOUT          {ARG_MEM, ARG_WRITE}
#define INOUT_0        {ARG_MEM, ARG_WRITE | ARG_MAYBE_NULL}
#define MEM_OF(n)      {ARG_MEM, 0, n}
#define OUT_OF(n)      {ARG_MEM, ARG_UNINIT | ARG_WRITE | ARG_ALIGNED, n}
#define INOUT_OF(n)    {ARG_MEM, ARG_WRITE | ARG_ALIGNED, n}
#define SIZE           {ARG_SIZE}
#define SIZE_0         {ARG_SIZE_OR_ZERO}
#define ALLOC          {ARG_ALLOC_SIZE}
#define CTX            {ARG_CONTEXT}
#define CTX_0          {ARG_CONTEXT, ARG_MAYBE_NULL}
#define LOCK           {ARG_SPIN_LOCK}
#define SOCK_COMMON    {ARG_SOCK_COMMON}
#define SOCKET_0       {ARG_SOCKET, ARG_MAYBE_NULL}
#define SOCK           {ARG_BTF_SOCK_COMMON}
#define SOCK_0         {ARG_BTF_SOCK_COMMON, ARG_MAYBE_NULL}
#define SOCK_RELEASE   {ARG_BTF_SOCK_COMMON, ARG_RELEASE}
#define OBJ(x)         {ARG_BTF, 0, 0, #x}
#define OBJ_0(x)       {ARG_BTF, ARG_MAYBE_NULL, 0, #x}
#define OBJ_RELEASE    {ARG_BTF, ARG_MAYBE_NULL | ARG_RELEASE}
#define PERCPU         {ARG_BTF_PERCPU}
#define RING_MEM       {ARG_RINGBUF_MEM, ARG_RELEASE}
#define FUNC           {ARG_CALLBACK}
#define FUNC_CTX       {ARG_CALLBACK_CONTEXT, ARG_MAYBE_NULL}
#define STR            {ARG_CONST_STRING}
#define TIMER          {ARG_TIMER}
#define KPTR           {ARG_KPTR}
#define DYNPTR         {ARG_DYNPTR}
#define DYNPTR_RING    {ARG_DYNPTR, ARG_RINGBUF | ARG_RELEASE}
#define OUT_DYNPTR_RING  {ARG_DYNPTR, ARG_RINGBUF | ARG_UNINIT | ARG_WRITE}
#define OUT_DYNPTR_LOCAL {ARG_DYNPTR, ARG_LOCAL | ARG_UNINIT | ARG_WRITE}
/* clang-format on */

static const struct bpf_helper helpers[] = {
#define HELPER(id, name, since, result, flags, ...)                                                \
	[id] = {id, #name, result, {__VA_ARGS__}, since, flags},
#define VARIANT(...)
#include "bpf/helpers.def"
#undef HELPER
#undef VARIANT
};

static const struct {
	enum helper_variant which;
	struct bpf_helper helper;
} variants[] = {
#define HELPER(...)
#define VARIANT(id, name, which, since, result, flags, ...)                                        \
	{VARIANT_##which, {id, #name, result, {__VA_ARGS__}, since, flags}},
#include "bpf/helpers.def"
#undef HELPER
#undef VARIANT
};

enum { N_HELPERS = sizeof(helpers) / sizeof(*helpers) };

const struct bpf_helper *bpf_helper_find(uint32_t id)
{
	return id < N_HELPERS && helpers[id].name ? &helpers[id] : NULL;
}

const struct bpf_helper *bpf_helper_variant(uint32_t id, enum helper_variant v)
{
	for (size_t k = 0; k < sizeof(variants) / sizeof(*variants); k++) {
		if (variants[k].which == v && variants[k].helper.id == id)
			return &variants[k].helper;
	}
	return bpf_helper_find(id);
}

const struct bpf_helper *bpf_helper_find_name(const char *name)
{
	for (uint32_t id = 0; id < N_HELPERS; id++) {
		if (helpers[id].name && !strcmp(helpers[id].name, name))
			return &helpers[id];
	}
	return NULL;
}

const char *bpf_helper_name(uint32_t id)
{
	const struct bpf_helper *h = bpf_helper_find(id);

	return h ? h->name : "unknown";
}

uint32_t bpf_helper_count(void)
{
	return N_HELPERS - 1;
}
