require 'sinatra/base'
require 'socket'
require 'tempfile'

# Processes of threads; and what a Ruby program asks for in passing.
class Page < Sinatra::Base
  get '/' do
    sums = 8.times.map { |number| Thread.new { (1..1000).sum * number } }.map(&:value)
    text = Tempfile.create('page') { |file| file.write('grüezi'); file.flush; File.read(file.path) }
    child = IO.popen(['tr', 'a-z', 'A-Z'], 'r+') { |io| io.write('by a pipe'); io.close_write; io.read }
    "#{sums.sum} #{text.bytesize} #{child} #{Addrinfo.ip('localhost').ip_address}\n"
  end
end

run Page
