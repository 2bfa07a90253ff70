// The shared libMLIR is not sanitized. It neither marks the parts of its allocators and
// containers that are in use nor minds the marks that the headers' code makes here.
extern "C" const char *__asan_default_options();
extern "C" const char *__asan_default_options() { return "allow_user_poisoning=0:detect_container_overflow=0"; }
