//===- main.cpp - girih-sim: run PTX on the CPU and judge it --------------===//
#include "Arguments.h"
#include "Host.h"
#include "Task.h"

#include <CLI/CLI.hpp>
#include <iostream>

using namespace girih::sim;

int main(int argc, char **argv) {
  Arguments arguments;
  CLI::App app{"Runs PTX for sm_90a and sm_100a on the CPU and reports wrong "
               "results, races, deadlocks and misuse."};
  app.name("girih-sim");
  app.footer("The exit code is 0 when nothing was found, 1 otherwise, and 2 when nothing could be run; 3 when the "
             "program of --host has failed by itself.");
  declare(app, arguments);
  try {
    takeProgramArguments(argc, argv, arguments);
    app.parse(argc, argv);
    checkTogether(app, arguments);
    if (!arguments.program.empty())
      return runHost(arguments);
    LaunchTask task = readTask(arguments);
    return (arguments.mutates ? mutate(arguments, task) : judge(arguments, task)) ? 0 : 1;
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const Stop &stop) {
    std::cerr << stop.found.str() << "\n";
  } catch (const std::exception &error) {
    std::cerr << "error: " << error.what() << "\n";
  }
  return 2;
}
