#include "inspect/go/go_type_name.hpp"

#include "inspect/go/go_function_table.hpp"

namespace inspect {

QualifiedName split_qualified_name(std::string_view linker_name) {
  const std::string_view without_arguments = linker_name.substr(0, linker_name.find('['));
  const std::size_t slash = without_arguments.rfind('/');
  const std::size_t dot = without_arguments.find('.', slash == std::string_view::npos ? 0 : slash);
  if (dot == std::string_view::npos) {
    return {"", std::string(linker_name)};
  }
  return {unescaped(linker_name.substr(0, dot)), std::string(linker_name.substr(dot + 1))};
}

std::string displayed(const QualifiedName& name, const PackageNames& packages) {
  if (name.package.empty()) {
    return name.name;
  }
  const auto known = packages.find(name.package);
  const std::string package =
      known != packages.end() ? known->second : name.package.substr(name.package.rfind('/') + 1);
  return package + "." + name.name;
}

}  // namespace inspect
