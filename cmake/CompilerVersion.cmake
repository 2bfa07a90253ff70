# cmake -DSOURCES=... -DVERSION=... -DOUTPUT=... -P: writes a C++ file with the version
# and a digest of the sources.
set(digests "")
foreach(source IN LISTS SOURCES)
  file(SHA256 ${source} digest)
  string(APPEND digests ${digest})
endforeach()
string(SHA256 digest "${digests}")
string(SUBSTRING ${digest} 0 12 digest)
file(WRITE ${OUTPUT} "#include \"girih/Target/TuningKey.h\"\nllvm::StringRef girih::compilerVersion() { return \"${VERSION}+${digest}\"; }\n")
