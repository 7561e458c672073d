#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/admin/context.h"

namespace tollgate::admin {

struct Request {
  std::string method;
  std::string target;  ///< Raw, with the query: "/services?size=5".
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string clientAddress;
  std::string actor = "admin";  ///< Who asks, as far as that was proved.
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  /// The answer is to be held back until all live nodes run a revision (`?wait=all`).
  struct Wait {
    store::Revision revision = 0;
    std::chrono::milliseconds timeout{0};
  };
  std::optional<Wait> wait = std::nullopt;
};

class Paths;
struct Call;
struct Reply;

/// The Admin API as a function. Control thread only; `handle` may block on the store and never
/// throws.
class Api {
 public:
  /// `context` must outlive the Api.
  explicit Api(ApiContext& context);
  ~Api();

  /// The whole answer but for what belongs to the connection (Date, Connection). Content-Length is
  /// set wherever the answer has a body, for HEAD to the length that GET would have.
  Response handle(const Request& request);

 private:
  Reply answer(Call& call, std::string_view path);
  Response finish(const Request& request, Reply reply, double milliseconds);
  std::string allowedOrigin(const Request& request);

  ApiContext& context_;
  std::unique_ptr<Paths> paths_;
};

}  // namespace tollgate::admin
