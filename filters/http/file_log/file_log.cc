#include "filters/http/common/custom_fields.h"
#include "filters/http/common/http_filter_entry.h"
#include "filters/http/common/log_record.h"
#include "filters/http/file_log/file_log.pb.h"
#include "filters/http/file_log/record_file.h"

namespace tollgate::filters {
namespace {

namespace engine = ::tollgate::http;
using file_log::RecordFile;

/// Appends the record of every request to a file.
class FileLog final : public engine::HttpFilter {
 public:
  using Config = http::file_log::v1::Config;

  static Result<std::unique_ptr<FileLog>> create(const Config& config,
                                                 const engine::FilterContext& context) {
    if (context.services == nullptr) return Error::invalid("this process writes no log files");
    return std::make_unique<FileLog>(config, *context.services);
  }
  FileLog(const Config& config, engine::FilterServices& services)
      : fields_(config.custom_fields_by_lua()),
        files_(services,
               [path = config.path(), reopen = config.reopen()](engine::WorkerServices& worker) {
                 return std::make_unique<RecordFile>(worker, path, reopen);
               }) {}

  uint8_t hooks() const override { return engine::kLog; }

  void onLog(engine::Exchange& exchange, void*) const override {
    std::string record = logRecord(exchange);
    fields_.apply(record);
    files_.get(exchange.loop()).write(record);
  }

 private:
  const CustomFields fields_;
  engine::WorkerLocal<RecordFile> files_;
};

}  // namespace

TOLLGATE_HTTP_FILTER(FileLog)

}  // namespace tollgate::filters
