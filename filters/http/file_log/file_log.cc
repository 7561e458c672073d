#include "filters/http/common/http_filter_entry.h"
#include "filters/http/common/record_sinks.h"
#include "filters/http/file_log/file_log.pb.h"
#include "filters/http/file_log/record_file.h"
#include "source/http/typed_filter.h"

namespace tollgate::filters {
namespace {

namespace engine = ::tollgate::http;
using file_log::RecordFile;

/// Appends the record of every request to a file.
class FileLog final : public engine::Filter<http::file_log::v1::Config> {
 public:
  static Result<std::unique_ptr<FileLog>> create(const Config& config,
                                                 const engine::FilterContext& context) {
    if (context.services == nullptr) return Error::invalid("this process writes no log files");
    return std::make_unique<FileLog>(config, *context.services);
  }
  FileLog(const Config& config, engine::FilterServices& services)
      : sinks_(services, config.custom_fields_by_lua(),
               [path = config.path(), reopen = config.reopen()](engine::WorkerServices& worker) {
                 return std::make_unique<RecordFile>(worker, path, reopen);
               }) {}

  void onLog(engine::Exchange& exchange, State&) const { sinks_.log(exchange); }

 private:
  RecordSinks<RecordFile> sinks_;
};

}  // namespace

TOLLGATE_HTTP_FILTER(FileLog)

}  // namespace tollgate::filters
